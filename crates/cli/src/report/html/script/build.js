// One build, and why each rule decided.

const dialog = byId("build");
byId("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());

function openBuild(build) {
  const money = (amount) => (build.isPriced && hasMoney ? `, ${usd(amount)}` : "");
  const savings = (amount) => duration(amount.minutes) + money(amount.usd);
  const ran = build.start !== undefined && build.end !== undefined ? (build.end - build.start) / 60000 : undefined;
  const differs = build.ifEnforced.minutes !== build.minutes;
  byId("build-title").textContent = build.id;
  byId("details").replaceChildren(...[
    definitions([
      ["Outcome", badge(build.outcome)], ["Ended as", badge(build.status)],
      ["Would save", build.outcome === "stopped" ? savings(build) : undefined],
      ["If every rule were enforced", differs ? `would save ${savings(build.ifEnforced)}` : ""],
      ["Started", build.start === undefined ? "unknown" : isoTime(build.start)],
      ["Ran for", ran === undefined ? "unknown" : duration(ran)],
      ["Initiator", build.initiator], ["Started by", build.startedBy], ["Branch", build.branch],
      ["Reference", build.gitRef], ["Branch known from", build.refFrom],
      ["Account and region", [build.account, build.region].filter(Boolean).join(" ")], ["ARN", build.arn],
    ]),
    ...life(build, ran), make("h3", {}, "Why each rule decided"), ...decisions(build, savings),
    build.explanations.length ? "" : make("p", { class: "soft" }, words("`buildbrake explain` shows more of it.")),
  ]);
  dialog.showModal();
  dialog.scrollTop = 0;
}

/** A bar from the build's start to its end, whose last part a stop would have saved. */
function life(build, ran) {
  const rest = build.outcome === "stopped" ? build.minutes : build.ifEnforced.minutes;
  if (!ran || !build.broken.length) return [];
  const part = make("span");
  part.style.width = `${Math.min(100, (100 * rest) / ran)}%`;
  const who = build.outcome === "stopped" ? "the first enforced rule" : "the first rule, if it were enforced,";
  const words = `Ran for ${duration(ran)}: ${who} would have stopped it after ${duration(Math.max(0, ran - rest))}.`;
  return [make("div", { class: "life", role: "img", "aria-label": words }, part), make("p", { class: "soft" }, words)];
}

function decisions(build, savings) {
  const explanations = new Map(build.explanations.map((one) => [one.rule, one]));
  const decided = new Map(build.decisions.map((decision) => [decision.rule, decision]));
  return [...new Set([...decided.keys(), ...explanations.keys()])].map((id) => {
    const explanation = explanations.get(id);
    const decision = decided.get(id);
    return make("div", { class: "decision" },
      make("h4", {}, make("span", {}, id), badge(decision?.decided ?? explanation.decision)),
      decision ? reasons(decision, savings) : "",
      explanation ? make("pre", {}, explanation.text) : "");
  });
}

function reasons(decision, savings) {
  switch (decision.decided) {
    case "broken": return definitions([
      ["Found", value(decision.found)], ["Mode", decision.mode],
      ["Broken at", decision.at === null ? "unknown" : isoTime(decision.at)], ["Would save", savings(decision)],
      ["Note", decision.isUnknown ? "it could not be evaluated, and counts as broken by on-unknown: stop" : ""],
    ]);
    case "undecided": return definitions([
      ["Unknown", value(decision.missing)], ["What resolves it", words(facts.get(value(decision.missing))?.resolvedBy)],
      ["Note", decision.counts ? "" : "it is ignored by on-unknown: ignore"],
    ]);
    default: return definitions([
      ["Exemption", rules.get(decision.rule)?.exemptions[decision.index]?.exemption],
      ["Reason", value(decision.reason)], ["Until", decision.until],
    ]);
  }
}
