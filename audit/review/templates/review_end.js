// Finishing: the list is written, and the review may end.
function dialog(title, ...parts) {
  $("dialog").replaceChildren(make("h2", { id: "dialog-title", textContent: title }), ...parts);
  if (!$("dialog").open) $("dialog").showModal();
}

function buttons(...pairs) {
  return make("div", { className: "actions" }, ...pairs.map(([label, name, run]) => {
    const made = make("button", { type: "button", className: `act ${name}`, textContent: label });
    made.addEventListener("click", run);
    return made;
  }));
}

function confirmFinish() {
  const fresh = Object.values(states).filter(({ status, listed }) => status === "accepted" && !listed).length;
  const back = () => $("dialog").close();
  if (!fresh) {
    dialog("Nothing new is accepted", say(`${data.list} stays as it is.`),
      buttons(["Go on", "main", back], ["End the review", "", close]));
    return;
  }
  dialog(`Write ${fresh === 1 ? "one accepted entry" : `${number(fresh)} accepted entries`}?`,
    make("p", {}, "The list: ", place(), ". What is in it stays."),
    buttons(["Write the list", "main", finish], ["Go on", "", back]));
}

async function finish() {
  await exchange(async () => {
    let record;
    try {
      record = await ask("finish");
    } catch (error) {
      dialog("The list is as it was", say(error.message, "alert"), buttons(["Go on", "main", () => $("dialog").close()]));
      return;
    }
    drawList();
    drawProgress();
    open(current);
    dialog(`${number(record.entries)} ${record.entries === 1 ? "entry" : "entries"} written`, ...outcome(record),
      buttons(["End the review", "main", close], ["Go on", "", () => $("dialog").close()]));
  });
}

function place() {
  return make("bdi", { className: "code", textContent: data.list });
}

function outcome({ covered, findings }) {
  const parts = [make("p", {}, "The list: ", place())];
  if (covered) parts.push(say(`${number(covered)} accepted ones need no entry of their own: another one bans them.`));
  if (!findings.length) return [...parts, say("Lint has nothing to say.")];
  const cell = (text) => make("td", {}, make("bdi", { textContent: text }));
  const rows = findings.map(({ check, rule, pattern, message }) => make("tr", {},
    ...[check, rule, pattern, message].map(cell)));
  const table = make("div", { className: "scroll" }, make("table", {}, make("tbody", {}, ...rows)));
  return [...parts, say(`Lint finds ${number(findings.length)}:`), table];
}

async function close() {
  await exchange(async () => {
    await ask("close");
    dialog("The review has ended", say("The command has ended, too. You can close this page."));
  });
}

setUpFilters();
drawList();
drawProgress();
$("finish").addEventListener("click", confirmFinish);
open(visible.find((key) => states[key].status === "open") ?? visible[0] ?? null);
