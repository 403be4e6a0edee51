// The table of builds, and its filters.

const filters = {};
const select = (name, options) => {
  const onchange = ({ target }) => setFilters({ ...filters, [name]: target.value || undefined });
  return make("select", { id: `filter-${name}`, onchange },
    make("option", { value: "" }, "all"), ...options.map((option) => make("option", { value: option }, option)));
};
const outcomeFilter = select("outcome", ["stopped", "reported", "protected", "allowed"]);
const ruleFilter = select("rule", [...rules.keys()]);
const successFilter = make("input", {
  type: "checkbox", id: "filter-succeeded",
  onchange: ({ target }) => setFilters({ ...filters, succeeded: target.checked }),
});
const chips = make("span");

function shortId({ id, number: uuid }) {
  return uuid.length <= 8 ? id : `${id.slice(0, id.length - uuid.length + 8)}…`;
}

function ruleTexts({ decisions }) {
  return decisions.map(({ rule, decided }) => (decided === "broken" ? rule : `${rule} (${decided})`));
}

function admits(build) {
  return (!filters.outcome || build.outcome === filters.outcome)
    && (!filters.rule || build.decisions.some(({ rule }) => rule === filters.rule))
    && (!filters.succeeded || build.status === "SUCCEEDED")
    && ["project", "initiator", "day"].every((name) =>
      filters[name] === undefined || (build[name] ?? "unknown") === filters[name]);
}

const buildTable = table(byId("list"), {
  label: "builds", rows: allBuilds, leftOut: data.builds.leftOut, none: "Every build passes every rule.",
  open: openBuild, admits,
  haystack: (build) => [build.id, build.arn, build.initiator, build.branch, build.gitRef, build.status,
    build.outcome, isoTime(build.start), ...ruleTexts(build)].join("\n"),
  tools: [
    make("label", {}, "Outcome ", outcomeFilter), make("label", {}, "Rule ", ruleFilter),
    make("label", {}, successFilter, " succeeded only"), chips,
  ],
  columns: [
    text("Build", (build) => build.id, { cell: (build) => shortId(build) }),
    text("Started", (build) => isoTime(build.start), {
      cell: (build) => make("span", { class: "nowrap" }, isoTime(build.start).slice(0, 16)),
    }),
    text("Initiator", (build) => build.initiator, { minor: true }),
    text("Branch", (build) => build.branch, { minor: true }),
    text("Ended as", (build) => build.status, { cell: (build) => badge(build.status), minor: true }),
    text("Outcome", (build) => build.outcome, { cell: (build) => badge(build.outcome) }),
    text("Rules", (build) => ruleTexts(build).join(", ")),
    ...saved.map((column) =>
      ({ ...column, cell: (row) => (row.outcome === "stopped" ? column.cell(row) : ""), minor: true })),
  ],
});

function setFilters(wanted) {
  Object.assign(filters, { outcome: undefined, rule: undefined, succeeded: false }, wanted);
  outcomeFilter.value = filters.outcome ?? "";
  ruleFilter.value = filters.rule ?? "";
  successFilter.checked = filters.succeeded;
  chips.replaceChildren(...["project", "initiator", "day"].filter((name) => filters[name] !== undefined).map((name) =>
    button(`${name}: ${filters[name]} ✕`, () => setFilters({ ...filters, [name]: undefined }), "chip")));
  buildTable.update();
}

function showBuilds(wanted) {
  buildTable.search.value = "";
  setFilters({ project: undefined, initiator: undefined, day: undefined, ...wanted });
  byId("builds").scrollIntoView();
  byId("builds").focus({ preventScroll: true });
}
