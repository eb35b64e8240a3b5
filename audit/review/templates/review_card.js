// The card: one candidate, and the entry that it would become.
const STRONGEST = 4; // reasons that are seen at once
const KEEP = "keep category and reason for the next ones (they share a group then)";

function open(key, focus = false) {
  current = key;
  edited = {};
  const candidate = byKey.get(key);
  if (!candidate) {
    $("card").replaceChildren(make("h2", { className: "token", textContent: "Nothing is left here" }),
      make("p", { textContent: "Every candidate of this filter is decided. Choose another filter, or finish." }));
    markCurrent();
    return;
  }
  const state = states[key];
  if (kept && (state.status === "open" || state.status === "skipped")) edited = { ...kept };
  $("card").replaceChildren(...describe(candidate, state), ...entryForm(candidate, state), actions(state));
  markCurrent();
  preview();
  if (focus) $("card").focus({ preventScroll: false });
}

function describe(candidate, state) {
  const facts = [
    candidate.id === null ? "" : make("span", { textContent: `id ${candidate.id}` }),
    candidate.vocabulary ? make("bdi", { textContent: candidate.vocabulary }) : "",
    candidate.script ? make("span", { textContent: candidate.script }) : "",
    make("span", { className: `status ${state.status}`, textContent: standing(state) }),
  ];
  const plus = () => make("span", { className: "plus", textContent: "+" });
  const reads = candidate.reads.flatMap((piece, place) => [place ? plus() : "", token(piece, candidate.language)]);
  return [
    make("p", { className: "where" }, ...facts),
    make("h2", { className: "token" }, token(candidate.token, candidate.language)),
    reads.length ? make("p", { className: "reads" }, "reads as ", ...reads) : "",
    candidate.score === null ? "" : scoreOf(candidate.score),
    reasonsOf(candidate.reasons),
    make("p", { className: "notes" }, ...candidate.notes.map((note) => make("bdi", { textContent: `${note} ` }))),
  ].filter(Boolean);
}

function standing({ status, rule, listed }) {
  if (status === "covered") return `covered by ${rule}`;
  if (status === "accepted") return listed ? "accepted, in the list" : "accepted";
  return status === "open" ? "" : status;
}

function scoreOf(score) {
  return make("div", { className: "risk" }, make("b", { textContent: score.toFixed(2) }), track(score));
}

function track(share) {
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const shape = { class: "track", viewBox: "0 0 100 4", preserveAspectRatio: "none" };
  const drawn = svg("svg", { ...shape, "aria-hidden": "true" });
  drawn.append(svg("rect", { width: 100 * share, height: 4 }));
  return drawn;
}

function reasonsOf(reasons) {
  const line = ({ points, code, evidence }) => make("li", { className: points.startsWith("−") ? "minus" : "" },
    make("b", { textContent: points }),
    make("span", { textContent: code }),
    make("bdi", { textContent: evidence }));
  const table = (rows) => make("ul", { className: "why" }, ...rows.map(line));
  const own = reasons.filter((reason) => reason.code !== "base");
  if (!own.length) return "";
  if (own.length <= STRONGEST) return table(own);
  const summary = make("summary", { textContent: `${own.length - STRONGEST} weaker reasons` });
  return make("div", {}, table(own.slice(0, STRONGEST)), make("details", {}, summary, table(own.slice(STRONGEST))));
}

function entryForm(candidate, state) {
  const fixed = state.listed;
  const field = (name, element, label, extra = "") => {
    element.id = `field-${name}`;
    element.disabled = fixed;
    element.addEventListener("input", () => change(name, element.value));
    return make("label", { className: extra }, label, element);
  };
  const choice = (name, values, label) => {
    const select = make("select");
    fill(select, values.map((value) => [value, value]));
    select.value = edited[name] ?? state[name];
    return field(name, select, label);
  };
  const plain = { autocomplete: "off", spellcheck: false, dir: "auto" };
  const pattern = make("input", { className: "pattern", value: state.pattern, ...plain });
  const reason = make("textarea", { value: edited.reason ?? state.reason, rows: 3, spellcheck: false });
  const keep = make("input", { type: "checkbox", id: "keep", checked: Boolean(kept), disabled: fixed });
  keep.addEventListener("change", () => { kept = keep.checked ? entryNow() : null; });
  const bytes = make("details", {}, make("summary", { textContent: "Bytes and evidence" }),
    make("bdi", { textContent: [candidate.hex, ...candidate.evidence].join(" · ") }));
  return [
    make("h3", { textContent: "The entry" }),
    make("div", { className: "entry-form" },
      choice("category", data.categories, "Category"),
      choice("kind", data.kinds, "Kind"),
      field("pattern", pattern, "Pattern"),
      field("reason", reason, "Reason", "long"),
      make("label", { className: "long check" }, keep, KEEP)),
    make("div", { className: "impact", id: "impact", attributes: { "aria-live": "polite" } }),
    bytes,
  ];
}

function entryNow() {
  return { category: $("field-category").value, reason: $("field-reason").value };
}

function change(name, value) {
  edited[name] = value;
  if (name === "kind") { // another kind has another pattern until somebody writes one
    delete edited.pattern;
    const state = states[current];
    $("field-pattern").value = value === state.kind ? state.pattern : "";
  }
  if (kept && (name === "category" || name === "reason")) kept = entryNow();
  if (name === "kind" || name === "pattern") preview();
}

function question() {
  return { key: current, ...edited }; // what was not touched stays as the server has it
}

async function preview() {
  const number = ++asked;
  await new Promise((done) => { setTimeout(done, 80); });
  if (number !== asked || !current || !$("impact")) return;
  let parts;
  try {
    const found = await ask("preview", question());
    if (number !== asked || !$("impact")) return;
    if (edited.pattern === undefined) $("field-pattern").value = found.pattern;
    parts = impact(found);
  } catch (error) {
    parts = [say(error.message, "bad")];
  }
  if (number === asked && $("impact")) $("impact").replaceChildren(...parts);
}

function impact(found) {
  const where = found.of === "vocabulary" ? "token of the vocabulary" : "candidate";
  const others = found.others === 1 ? where : where.replace(/^(token|candidate)/, "$1s");
  const words = found.others ? `Bans ${number(found.others)} other ${others}:` : `Bans no other ${where}.`;
  const hits = found.hits.map(({ status, token: text }) => make("li", { className: status || "nobody" },
    token(text), make("small", { textContent: status || "no candidate" })));
  if (found.others > hits.length) hits.push(make("li", {}, `${number(found.others - hits.length)} more`));
  const warnings = found.warnings.map((text) => say(text, "warn"));
  if (found.rejected) warnings.unshift(say(`${number(found.rejected)} of them you rejected.`, "bad"));
  else if (found.unsuspected) warnings.unshift(say(strangers(found.unsuspected), "warn"));
  return [say(words), hits.length ? make("ul", { className: "chips" }, ...hits) : "", ...warnings];
}

function strangers(count) {
  const words = count === 1 ? "One of them is no candidate" : `${number(count)} of them are no candidates`;
  return `${words}: look before you accept.`;
}

function actions(state) {
  const button = (name, label, key, run, disabled = false) => {
    const hint = make("kbd", { textContent: key });
    const made = make("button", { type: "button", className: `act ${name}`, disabled }, label, hint);
    made.addEventListener("click", run);
    return made;
  };
  return make("div", { className: "actions" },
    button("accept", "Accept", "a", () => decide("accept"), state.listed),
    button("reject", "Reject", "r", () => decide("reject"), state.listed),
    button("skip-it", "Skip", "s", () => decide("skip"), state.listed),
    button("undo", "Undo", "u", undo));
}
