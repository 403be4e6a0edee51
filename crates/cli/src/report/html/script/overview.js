// The totals, and the tables of everything but builds.

function overview() {
  const days = data.days.names;
  document.title = `${data.policyName}: buildbrake replay`;
  byId("title").textContent = `What ${data.policyName} would have done`;
  byId("about").textContent = [
    builds(data.judged), days.length ? `from ${days[0]} to ${days.at(-1)}` : "", `policy ${data.policy.slice(0, 19)}`,
  ].filter(Boolean).join(" · ");
  byId("made").textContent = `Made by buildbrake ${data.version} at ${data.generatedAt}. All times are UTC.`;

  const forced = data.ifEnforced;
  const { builds: successes, examples } = data.stoppedSuccesses;
  const alert = successes
    ? make("div", { class: "alert" },
      make("strong", {}, `${builds(successes)} that succeeded would have been stopped.`),
      make("p", {}, "Look at them before you enforce the policy: ",
        button("show them in the table", () => showBuilds({ outcome: "stopped", succeeded: true })),
        ". These ran longest after the stop:"),
      list(examples.slice(0, 5).map(({ buildId, rules: ids, minutes }) => {
        const build = allBuilds.find(({ id }) => id === buildId);
        const more = ` (${duration(minutes)}; ${ids.join(", ")})`;
        return [build ? button(buildId, () => openBuild(build)) : buildId, more];
      })))
    : make("div", { class: "alert none" }, make("strong", {}, "No build that succeeded would have been stopped."),
      forced.stoppedSuccesses ? make("p", {}, "If every rule were enforced, it would be ",
        button(builds(forced.stoppedSuccesses), () => showBuilds({ succeeded: true })), ".") : "");
  byId("successes").append(alert);

  const tile = (name, kind, number, ...more) => make("div", { class: kind },
    make("dt", {}, name), make("dd", {}, number), ...more.filter(Boolean).map((text) => make("dd", {}, text)));
  byId("tiles").append(
    tile("Judged", "", count(data.judged), data.unreadable ? `${count(data.unreadable)} values were unreadable` : ""),
    tile("Would be stopped", "stopped", count(outcome("stopped")), share(outcome("stopped"), data.judged)),
    tile("Reported", "reported", count(outcome("reported")), share(outcome("reported"), data.judged)),
    tile("Protected", "protected", count(outcome("protected")), "by never-stop"),
    tile("Time saved", "saved", duration(data.minutes), "from the moment a rule fires"),
    tile("Money saved", "saved", hasMoney ? usd(data.usd) : "–",
      hasMoney ? "" : "no prices are known", data.unpriced ? `${builds(data.unpriced)} without a price` : ""),
    tile("If every rule were enforced", "", count(forced.stopped), "builds stopped",
      `${count(forced.stoppedSuccesses)} of them succeeded`,
      `${duration(forced.minutes)}${hasMoney ? `, ${usd(forced.usd)}` : ""} saved`),
    tile("Undecided", "reported", count(data.undecided), "builds with an unknown fact"),
  );
  byId("listed").textContent = data.builds.leftOut
    ? `This page lists ${count(allBuilds.length)} of the ${count(allBuilds.length + data.builds.leftOut)} builds that `
      + `do not pass every rule. The other ${count(data.builds.leftOut)} are part of all totals and charts.`
    : allBuilds.length ? `All ${builds(allBuilds.length)} that do not pass every rule.` : "";
}

function idle() {
  const silent = [...rules.values()].filter((rule) => !rule.broken).map((rule) => [
    make("strong", {}, rule.id), rule.undecided ? `, undecided for ${builds(rule.undecided)}` : "",
    rule.exempted ? `, ${builds(rule.exempted)} exempt` : "",
  ]);
  const unused = [...rules.values()].flatMap((rule) => rule.exemptions.filter((exemption) => !exemption.builds)
    .map((exemption) => [make("strong", {}, rule.id), `: ${exemption.exemption}`]));
  const card = (title, items, none) => make("div", { class: "card" }, make("h3", {}, title),
    items.length ? list(items) : make("p", { class: "soft" }, none));
  byId("idle").append(
    card("Rules that never fired", silent, "Every rule fired."),
    card("Exemptions never used", unused, "Every exemption was used."),
  );
}

function tables() {
  const named = (id, label, filter) => table(byId(id), {
    label, rows: data[id].rows, leftOut: data[id].leftOut, none: "No builds were judged.",
    open: filter && ((row) => showBuilds({ [filter]: row.name })),
    columns: [
      text(filter ? label[0].toUpperCase() + label.slice(1, -1) : "Account and region", (row) => row.name),
      number("Builds", (row) => row.builds), number("Stopped", (row) => row.stopped), ...saved,
    ],
  });
  table(byId("rules"), {
    label: "rules", rows: data.rules.rows, leftOut: data.rules.leftOut, none: "The policy has no rules.",
    open: (row) => showBuilds({ rule: row.id }),
    columns: [
      text("Rule", (row) => row.id), number("Broken", (row) => row.broken),
      number("Enforced", (row) => row.enforced, count, { minor: true }),
      number("Succeeded", (row) => row.brokenSuccesses),
      number("Undecided", (row) => row.undecided, count, { minor: true }),
      number("Exempt", (row) => row.exempted, count, { minor: true }), ...saved,
    ],
  });
  table(byId("unknown"), {
    label: "facts", rows: data.unknown.rows, leftOut: data.unknown.leftOut, none: "All facts were known.",
    columns: [
      text("Unknown", (row) => row.fact), number("Builds", (row) => row.builds),
      text("Rules that need it", (row) => row.rules.join(", "), { minor: true }),
      text("What resolves it", (row) => row.resolvedBy, { cell: (row) => words(row.resolvedBy) }),
    ],
  });
  named("projects", "projects", "project");
  named("initiators", "initiators", "initiator");
  named("accounts", "accounts");
}
