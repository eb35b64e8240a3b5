// The list of candidates and its filters.
const SCORES = [
  ["any", ""], ["0.99 or more", "0.99"], ["0.9 or more", "0.9"], ["0.5 or more", "0.5"],
  ["below 0.9", "-0.9"], ["below 0.5", "-0.5"],
];

function setUpFilters() {
  const used = (values) => [...new Set(values)].filter(Boolean).sort();
  fill($("show"), Object.entries(SHOWS).map(([name, [label]]) => [label, name]));
  fill($("category"), [["all", ""], ...data.categories.map((name) => [name, name])]);
  const scripts = used(data.candidates.map((candidate) => candidate.script));
  fill($("script"), [["all", ""], ...scripts.map((name) => [name, name])]);
  fill($("score"), SCORES);
  for (const name of ["show", "category", "script", "score"]) $(name).addEventListener("change", filter);
  $("search").addEventListener("input", filter);
}

function fill(select, options) {
  select.replaceChildren(...options.map(([label, value]) => new Option(label, value)));
}

function passes(candidate) {
  const state = states[candidate.key];
  const limit = parseFloat($("score").value);
  const score = candidate.score ?? 0;
  return SHOWS[$("show").value][1](state.status)
    && (!$("category").value || state.category === $("category").value)
    && (!$("script").value || candidate.script === $("script").value)
    && (Number.isNaN(limit) || (limit >= 0 ? score >= limit : score < -limit))
    && searched.get(candidate.key).includes($("search").value.trim().toLocaleLowerCase());
}

function filter() {
  drawList();
  if (!visible.includes(current)) open(visible.find((key) => states[key].status === "open") ?? visible[0] ?? null);
}

function drawList() {
  visible = data.candidates.filter(passes).map((candidate) => candidate.key);
  $("list").replaceChildren(...visible.map(row));
  $("shown").textContent = `${number(visible.length)} of ${number(data.candidates.length)}`;
  markCurrent();
}

function row(key) {
  const candidate = byKey.get(key);
  const { status } = states[key];
  const mark = make("span", { className: "mark", textContent: MARKS[status], title: status });
  const score = candidate.score === null ? "" : make("small", { textContent: candidate.score.toFixed(2) });
  const button = make("button", { type: "button", className: status, attributes: { "data-key": key } },
    mark, token(candidate.token, candidate.language), score, make("span", { className: "unseen", textContent: status }));
  button.addEventListener("click", () => open(key, true));
  return make("li", {}, button);
}

function refreshRows(keys) {
  for (const key of keys) {
    const old = $("list").querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (old) old.parentElement.replaceWith(row(key));
  }
  markCurrent();
}

function markCurrent() {
  for (const button of $("list").querySelectorAll("[aria-current]")) button.removeAttribute("aria-current");
  const button = current && $("list").querySelector(`[data-key="${CSS.escape(current)}"]`);
  if (!button) return;
  button.setAttribute("aria-current", "true");
  const list = $("list"), top = button.offsetTop - list.offsetTop - list.scrollTop;
  if (top < 0 || top + button.offsetHeight > list.clientHeight) list.scrollTop += top - list.clientHeight / 3;
}

function drawProgress() {
  const found = { open: 0, accepted: 0, rejected: 0, skipped: 0, covered: 0 };
  for (const { status } of Object.values(states)) found[status] += 1;
  const all = data.candidates.length - found.covered, seen = all - found.open;
  $("progress").textContent = `${number(seen)} of ${number(all)}`;
  $("meter").max = all || 1;
  $("meter").value = seen;
  const parts = ["accepted", "rejected", "skipped", "covered"].map((name) => `${number(found[name])} ${name}`);
  $("counts").textContent = parts.join(", ");
}
