"use strict";
// Every text of a token is set as text, never as markup. The server is asked before anything changes.
const data = JSON.parse(document.getElementById("data").textContent);
const states = data.states;
const byKey = new Map(data.candidates.map((candidate) => [candidate.key, candidate]));
const $ = (id) => document.getElementById(id);
const MARKS = { open: "", accepted: "✗", rejected: "✓", skipped: "…", covered: "–" };
const SHOWS = {
  work: ["all but covered", (status) => status !== "covered"],
  left: ["to review", (status) => status === "open" || status === "skipped"],
  accepted: ["accepted", (status) => status === "accepted"],
  rejected: ["rejected", (status) => status === "rejected"],
  skipped: ["skipped", (status) => status === "skipped"],
  covered: ["covered", (status) => status === "covered"],
  all: ["everything", () => true],
};
const searched = new Map(data.candidates.map((candidate) => [candidate.key, textOf(candidate)]));
let current = null; // the key of the candidate on the card
let edited = {}; // fields of the entry that were changed by hand
let kept = null; // category and reason that stay for the next candidates
let visible = [];
let asked = 0; // the newest preview, so that an older answer is not shown
let waiting = false;

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { attributes = {}, ...rest } = properties;
  Object.assign(element, rest);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

function say(text, className = "") {
  return make("p", { className, textContent: text });
}

function number(value) {
  return value.toLocaleString("en");
}

function token(text, language) {
  const inner = text.replace(/^␣+|␣+$/g, "");
  const start = inner ? text.indexOf(inner) : text.length;
  const box = (piece) => (piece ? make("i", { textContent: piece }) : "");
  const mark = /^\p{M}/u.test(inner) ? "◌" : ""; // a combining mark needs something to stand on
  const [before, after] = [text.slice(0, start), text.slice(start + inner.length)];
  const shown = make("bdi", { className: "t" }, box(before), mark + inner, box(after));
  if (language && /^[a-z]{2,3}$/.test(language)) shown.lang = language;
  return shown;
}

function textOf(candidate) {
  const { id, hex, notes, evidence, reasons } = candidate;
  const told = reasons.map((reason) => `${reason.code} ${reason.evidence}`);
  return [candidate.token, id, hex.replaceAll(" ", ""), ...notes, ...evidence, ...told].join(" ").toLocaleLowerCase();
}

async function ask(name, question = {}) {
  let answer;
  try {
    const headers = { "Content-Type": "application/json" };
    answer = await fetch(name, { method: "POST", headers, body: JSON.stringify(question) });
  } catch {
    throw new Error("The command has ended. Every decision up to here is kept: run it again to go on.");
  }
  const record = await answer.json();
  if (!answer.ok) throw new Error(record.error);
  Object.assign(states, record.states ?? {});
  return record;
}

function alarm(text) {
  $("alert").textContent = text;
  $("alert").hidden = !text;
}
