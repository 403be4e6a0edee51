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
    make("p", { class: "soft" }, words("`buildbrake explain` shows everything that each rule depends on.")),
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
  const reasons = new Map(build.reasons.map(({ rule, why }) => [rule, why]));
  const decided = new Map(build.decisions.map((decision) => [decision.rule, decision]));
  return [...new Set([...decided.keys(), ...reasons.keys()])].map((id) => {
    const decision = decided.get(id);
    const why = reasons.get(id);
    const answer = decision ? badge(decision.decided) : make("span", { class: "soft" }, words(why));
    return make("div", { class: "decision" }, make("h4", {}, make("span", {}, id), answer),
      decision && why ? make("p", {}, words(why)) : "", decision ? more(decision, why, savings) : "");
  });
}

/** What the reason of a decision does not contain, or everything if there is no reason. */
function more(decision, why, savings) {
  const unless = (known, text) => (known ? undefined : text);
  switch (decision.decided) {
    case "broken": return definitions([
      ["Found", unless(why, value(decision.found))], ["Mode", decision.mode],
      ["Broken at", decision.at === null ? "unknown" : isoTime(decision.at)], ["Would save", savings(decision)],
      ["Note", decision.isUnknown ? "it could not be evaluated, and counts as broken by on-unknown: stop" : ""],
    ]);
    case "undecided": return definitions([
      ["Unknown", unless(why, value(decision.missing))],
      ["What resolves it", words(facts.get(value(decision.missing))?.resolvedBy)],
      ["Note", decision.counts ? "" : "it is ignored by on-unknown: ignore"],
    ]);
    default: return definitions([
      ["Exemption", rules.get(decision.rule)?.exemptions[decision.index]?.exemption],
      ["Reason", unless(why, value(decision.reason))], ["Until", unless(why, decision.until)],
    ]);
  }
}
