// A table in pages, which can be sorted and filtered.

const PAGE_SIZE = 25;

const text = (name, key, more = {}) => ({ name, key, ...more });
const number = (name, key, format = count, more = {}) =>
  ({ name, key, cell: (row) => (key(row) === undefined ? "" : format(key(row))), number: true, ...more });
const saved = [
  number("Time saved", (row) => row.minutes, duration),
  ...(hasMoney ? [number("USD saved", (row) => row.usd, usd)] : []),
];

/** Shows rows in pages, sorted by the column whose heading was chosen, and filtered by a text. */
function table(host, { label, columns, rows, none, leftOut = 0, open, tools = [], admits = () => true, haystack }) {
  let sorted, descending = false, page = 0;
  const texts = new Map();
  const search = make("input", { type: "search", oninput: () => update() });
  const status = make("span", { class: "count", role: "status" });
  const body = make("tbody");
  const previous = button("Previous", () => turn(-1), "");
  const next = button("Next", () => turn(1), "");
  const pages = make("span", { class: "soft" });
  const heads = columns.map((column) => {
    const head = button(column.name, () => sortBy(column), "");
    return make("th", { scope: "col", class: classes(column) }, head);
  });
  host.replaceChildren(
    make("div", { class: "tools" }, make("label", {}, `Filter ${label} `, search), ...tools, status),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Table of ${label}` },
      make("table", {}, make("caption", { class: "hidden" }, label),
        make("thead", {}, make("tr", {}, ...heads)), body)),
    make("div", { class: "pager" }, pages, previous, next),
  );

  function classes({ number: isNumber, minor }) {
    return [isNumber ? "number" : "", minor ? "minor" : ""].join(" ").trim();
  }

  function sortBy(column) {
    descending = sorted === column ? !descending : Boolean(column.number);
    sorted = column;
    update();
  }

  function turn(step) {
    page += step;
    update(true);
  }

  function textOf(row) {
    if (!texts.has(row)) {
      texts.set(row, (haystack ?? ((one) => columns.map((column) => column.key(one)).join("\n")))(row).toLowerCase());
    }
    return texts.get(row);
  }

  function compare(one, other) {
    const [a, b] = [sorted.key(one) ?? "", sorted.key(other) ?? ""];
    if (a === "" || b === "") return (a === "") - (b === "");
    const order = sorted.number ? a - b : collator.compare(a, b);
    return descending ? -order : order;
  }

  function line(row) {
    const cells = columns.map((column, index) => {
      const content = column.cell ? column.cell(row) : column.key(row);
      const opens = open && index === 0;
      return make("td", { class: classes(column) }, opens ? button(content, () => open(row)) : content);
    });
    const onclick = ({ target }) => {
      if (open && !target.closest("button") && getSelection().isCollapsed) cells[0].querySelector("button").click();
    };
    return make("tr", { class: open ? "opens" : "", onclick }, ...cells);
  }

  function update(keepsPage = false) {
    const wanted = search.value.trim().toLowerCase();
    const found = rows.filter((row) => admits(row) && (!wanted || textOf(row).includes(wanted)));
    if (sorted) found.sort(compare);
    const last = Math.max(0, Math.ceil(found.length / PAGE_SIZE) - 1);
    page = keepsPage ? Math.min(Math.max(page, 0), last) : 0;
    const shown = found.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    body.replaceChildren(...shown.map(line));
    if (!shown.length) {
      body.append(make("tr", {}, make("td", { class: "empty", colspan: columns.length }, "Nothing to show.")));
    }
    columns.forEach((column, index) => {
      const direction = descending ? "descending" : "ascending";
      heads[index].setAttribute("aria-sort", column === sorted ? direction : "none");
      heads[index].firstChild.textContent = column.name + (column === sorted ? (descending ? " ▼" : " ▲") : "");
    });
    const others = leftOut ? `, ${count(leftOut)} more not listed` : "";
    status.textContent = `${count(found.length)} of ${count(rows.length)}${others}`;
    pages.textContent = `Page ${count(page + 1)} of ${count(last + 1)}`;
    previous.disabled = page === 0;
    next.disabled = page === last;
    previous.parentElement.hidden = last === 0;
  }

  update();
  if (!rows.length && !leftOut) host.replaceChildren(make("p", { class: "soft" }, none));
  return { update, search };
}
