"use strict";
// The page is whole without this: it adds search, filters and sorting to the tables marked data-enhance.
for (const table of document.querySelectorAll("table[data-enhance]")) enhance(table);

function enhance(table) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row, place) => ({ row, place, text: row.textContent.toLocaleLowerCase() }));
  const heads = [...table.tHead.rows[0].cells];
  const tools = document.getElementById(table.dataset.enhance);
  const search = tools.querySelector("input");
  const count = tools.querySelector("output");
  const filters = heads.flatMap((head, column) => ("filter" in head.dataset ? [addFilter(head, column)] : []));

  search.addEventListener("input", show);
  heads.forEach((head, column) => "sort" in head.dataset && addSort(head, column));
  tools.hidden = false;
  show();

  function value(row, column) {
    const cell = row.cells[column];
    return cell.dataset.v ?? cell.textContent.trim();
  }

  function addFilter(head, column) {
    const name = head.textContent.trim();
    const label = document.createElement("label");
    const select = document.createElement("select");
    const values = [...new Set(rows.map(({ row }) => value(row, column)))].filter(Boolean).sort();
    select.append(new Option("all", ""), ...values.map((text) => new Option(text, text)));
    label.append(name, select);
    tools.insertBefore(label, count);
    select.addEventListener("change", show);
    return { column, select };
  }

  function addSort(head, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head, column));
  }

  function sort(head, column) {
    const numeric = head.dataset.sort === "number";
    const first = numeric ? "descending" : "ascending";
    const second = numeric ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? second : first;
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const keys = new Map(rows.map(({ row }) => [row, value(row, column)]));
    rows.sort((a, b) => sign * compare(keys.get(a.row), keys.get(b.row), numeric) || a.place - b.place);
    body.append(...rows.map(({ row }) => row));
  }

  function compare(a, b, numeric) {
    if (!numeric) return a.localeCompare(b);
    return (parseFloat(a) || 0) - (parseFloat(b) || 0);
  }

  function show() {
    const wanted = search.value.trim().toLocaleLowerCase();
    let shown = 0;
    for (const { row, text } of rows) {
      const visible = text.includes(wanted)
        && filters.every(({ column, select }) => !select.value || value(row, column) === select.value);
      row.hidden = !visible;
      shown += visible ? 1 : 0;
    }
    const all = rows.length.toLocaleString("en");
    count.textContent = shown === rows.length ? `${all} rows` : `${shown.toLocaleString("en")} of ${all} rows`;
  }
}
