"use strict";
// Numbers before words, and cells without a value last, whatever the direction.
function compare(a, b, sign) {
  if (a === "" || b === "") return (a === "") - (b === "");
  const [x, y] = [Number(a), Number(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return sign * a.localeCompare(b);
  return sign * (x - y || 0);
}

function sortBy(table, header) {
  const headers = Array.from(table.tHead.rows[0].cells);
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  const column = headers.indexOf(header);
  const body = table.tBodies[0];
  const value = (row) => row.cells[column].dataset.value;
  const rows = Array.from(body.rows);
  rows.sort((a, b) => compare(value(a), value(b), ascending ? 1 : -1));
  body.append(...rows);
  headers.forEach((other) => other.setAttribute("aria-sort", "none"));
  const direction = ascending ? "ascending" : "descending";
  header.setAttribute("aria-sort", direction);
  const name = header.textContent.trim();
  document.getElementById("sorted").textContent = `Sorted by ${name}, ${direction}`;
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const header of table.tHead.rows[0].cells) {
    header.querySelector("button").addEventListener("click", () => sortBy(table, header));
  }
}
