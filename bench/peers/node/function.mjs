// The same job as buildbrake's sample policy, as one would write it in JavaScript; and the
// loop over the Runtime API, which Lambda's own runtime would bring along.
import { CodeBuildClient, StopBuildCommand } from "@aws-sdk/client-codebuild";

const codebuild = new CodeBuildClient({});
const maxTimeout = 60;
const forbiddenBranches = [/^main$/, /^release\/.*$/];
const forbiddenCompute = ["BUILD_GENERAL1_2XLARGE"];

function brokenRules(build) {
  const broken = [];
  if (build["timeout-in-minutes"] > maxTimeout) broken.push("short-builds");
  const branch = (build["source-version"] ?? "").replace(/^refs\/heads\//, "");
  const isExempt = build.initiator?.startsWith("codepipeline/");
  if (!isExempt && forbiddenBranches.some((pattern) => pattern.test(branch))) broken.push("protected-branches");
  const environment = build.environment ?? {};
  if (forbiddenCompute.includes(environment["compute-type"]) || environment.type === "LINUX_GPU_CONTAINER") {
    broken.push("costly-compute");
  }
  return broken;
}

async function handle(event) {
  const id = event.detail["build-id"].split("/").pop();
  let record = { build: id, outcome: "allowed" };
  const broken = brokenRules(event.detail["additional-information"]);
  if (broken.length > 0) {
    const { build } = await codebuild.send(new StopBuildCommand({ id }));
    record = { ...record, outcome: "stopped", broken, returned: build };
  }
  console.log(JSON.stringify(record));
  return record;
}

const invocations = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
for (;;) {
  const next = await fetch(`${invocations}/next`);
  const id = next.headers.get("lambda-runtime-aws-request-id");
  const event = await next.json();
  let end = "response";
  let answer;
  try {
    answer = await handle(event);
  } catch (error) {
    end = "error";
    answer = { errorType: error.name, errorMessage: error.message };
  }
  const posted = await fetch(`${invocations}/${id}/${end}`, { method: "POST", body: JSON.stringify(answer) });
  await posted.text();
}
