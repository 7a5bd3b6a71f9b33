// What a developer writes on the types that openapi-typescript makes: compiled strictly, then run.
import type { components, paths } from "./api";

type Bal = components["schemas"]["Bal"];
type Page = paths["/api/v1/bals/"]["get"]["responses"]["200"]["content"]["application/json"];
type Resolved = paths["/api/v1/resolve/"]["post"]["responses"]["200"]["content"]["application/json"];

declare const process: { argv: string[]; exit(code: number): never }; // without the types of Node

const base: string = process.argv[2], key: string = process.argv[3];

async function call<Answer>(path: string, body?: components["schemas"]["Batch"]): Promise<Answer> {
  const answer = await fetch(`${base}/api/v1/${path}`, {
    method: body ? "POST" : "GET",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function main(): Promise<void> {
  const page = await call<Page>("bals/?page_size=1&kind=PER");
  const bal: Bal = page.results[0];
  const holder: string = bal.cotitulaires[0].name; // no "possibly undefined": what an answer says is sure to be there
  const asked: components["schemas"]["Question"] = { rpps: bal.cotitulaires[0].rpps ?? "" };
  const { answers, statement } = await call<Resolved>("resolve/", { questions: [asked] });
  console.log([bal.address, holder, answers[0].best?.address, statement.split(".").length].join(" | "));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
