// Decisions, moving about, and the keyboard.
async function exchange(work) {
  if (waiting) return;
  waiting = true;
  try {
    alarm("");
    await work();
  } catch (error) {
    alarm(error.message);
  } finally {
    waiting = false;
  }
}

function decide(decision) {
  if (!current) return Promise.resolve();
  return exchange(async () => {
    const record = await ask("decide", { ...question(), decision });
    const next = following("open") ?? following("skipped");
    refreshRows(Object.keys(record.states));
    drawProgress();
    open(next ?? null);
  });
}

function following(status) {
  const start = visible.indexOf(current) + 1;
  const others = [...visible.slice(start), ...visible.slice(0, start)];
  return others.find((key) => key !== current && states[key].status === status);
}

function undo() {
  return exchange(async () => {
    const record = await ask("undo");
    if (!record.key) throw new Error("There is nothing to undo.");
    refreshRows(Object.keys(record.states));
    drawProgress();
    open(record.key);
  });
}

function move(step) {
  const place = visible.indexOf(current);
  const next = visible[place < 0 ? 0 : Math.min(Math.max(place + step, 0), visible.length - 1)];
  if (next) open(next);
}

const KEYS = {
  a: () => decide("accept"), r: () => decide("reject"), s: () => decide("skip"), u: undo,
  j: () => move(1), k: () => move(-1), "/": () => { $("search").focus(); $("search").select(); },
  e: () => $("field-reason")?.focus(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.key === "Escape" && typing) { event.target.blur(); $("card").focus(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $("dialog").open) return;
  const run = KEYS[event.key];
  if (event.repeat && run && !"jk".includes(event.key)) return; // a key that is held down decides once
  if (run) { event.preventDefault(); run(); }
});
