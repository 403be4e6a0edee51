// What the page shows, and its builds with what they share.

const data = JSON.parse(document.getElementById("data").textContent);
const value = (index) => (index === undefined || index === null ? undefined : data.values[index]);
const rules = new Map(data.rules.rows.map((rule) => [rule.id, rule]));
const facts = new Map(data.unknown.rows.map((row) => [row.fact, row]));
const hasMoney = data.usd > 0 || data.ifEnforced.usd > 0;
const outcome = (name) => data.outcomes[name] ?? 0;

const allBuilds = data.builds.rows.map((row, index) => {
  const project = value(row.project);
  const id = `${project}:${row.number}`;
  const common = value(row.common);
  const amount = ([minutes, usd]) => ({ minutes, usd });
  const decisions = row.rules.map((decision) =>
    ({ ...decision, rule: value(decision.rule), ...(decision.saved && amount(decision.saved)) }));
  return {
    ...row, project, id, decisions, ...amount(row.saved), ifEnforced: amount(row.ifEnforced),
    ...common, arn: common.arn && common.arn + id, reasons: (value(data.reasons[index]) ?? []).map(value),
    initiator: value(row.initiator), branch: value(row.branch), gitRef: value(row.gitRef),
    day: row.start === undefined ? "unknown" : isoTime(row.start).slice(0, 10),
    broken: decisions.filter((decision) => decision.decided === "broken").map((decision) => decision.rule),
  };
});
