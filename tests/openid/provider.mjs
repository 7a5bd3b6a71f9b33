// An OpenID provider with the scope, claims and levels of Pro Santé Connect, for the tests: who logs in is chosen on
// its page. Environment: PORT, SITE_URL (of the application), ACCOUNTS (JSON: by identifier, the claims; `acr` apart).
import http from "node:http";
import { Provider } from "oidc-provider";

const { PORT, SITE_URL } = process.env;
const accounts = JSON.parse(process.env.ACCOUNTS);
const issuer = `http://127.0.0.1:${PORT}`;
const client = {
  client_secret: "secret-of-the-tests",
  response_types: ["code"],
  grant_types: ["authorization_code"],
  token_endpoint_auth_method: "client_secret_post",
  post_logout_redirect_uris: [`${SITE_URL}/compte/login/`],
};
const named = [
  "SubjectNameID", "preferred_username", "given_name", "family_name", "SubjectRole", "SubjectRefPro", "otherIds",
  "email", "email_verified",
];

const provider = new Provider(issuer, {
  clients: [
    { ...client, client_id: "bal-manager", redirect_uris: [`${SITE_URL}/compte/identite/psc/retour/`] },
    {
      ...client,
      client_id: "bal-signed",
      redirect_uris: [`${SITE_URL}/compte/identite/sso/retour/`],
      userinfo_signed_response_alg: "RS256",
    },
  ],
  claims: { openid: ["sub", "SubjectNameID"], scope_all: named, profile: named, acr: null, auth_time: null, sid: null, iss: null },
  scopes: ["openid", "scope_all", "profile"],
  acrValues: ["eidas1"],
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: true },
    jwtUserinfo: { enabled: true },
  },
  cookies: { keys: ["only-for-the-tests"] },
  findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: `f:tests:${id}`, ...accounts[id].claims }) }),
  interactions: { url: (_, interaction) => `/choose/${interaction.uid}` },
});
const answer = provider.callback();

const choices = (uid) =>
  Object.keys(accounts).map((id) => `<p><a href="/choose/${uid}/${id}">${id}</a></p>`).join("");

const server = http.createServer(async (request, response) => {
  const [, page, uid, id] = new URL(request.url, issuer).pathname.split("/");
  if (page !== "choose") {
    // Pro Santé Connect's discovery document does not stand where the standard has it.
    request.url = request.url.replace("wallet-openid-configuration", "openid-configuration");
    return answer(request, response);
  }
  if (!id) return response.end(`<!DOCTYPE html><html lang="fr"><title>Qui ?</title><h1>Qui ?</h1>${choices(uid)}`);
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: id, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = {
    login: { accountId: id, acr: accounts[id].acr ?? "eidas1", amr: ["cps"] },
    consent: { grantId: await grant.save() },
  };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
});
server.listen(Number(PORT), "127.0.0.1");
