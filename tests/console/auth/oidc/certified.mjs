// Run a provider that others have written: `node certified.mjs '{"packages": ..., "port": ..., ...}'`.
const asked = JSON.parse(process.argv[2]);
const { default: Provider } = await import(`${asked.packages}/node_modules/oidc-provider/lib/index.js`);

const provider = new Provider(asked.issuer, {
  clients: [
    {
      client_id: asked.client_id,
      client_secret: asked.client_secret,
      redirect_uris: [asked.redirect_uri],
      token_endpoint_auth_method: asked.authentication,
      id_token_signed_response_alg: asked.algorithm,
    },
  ],
  claims: { email: ["email", "email_verified"], profile: ["name"] },
  // Where it conforms to the letter, an ID token says only who somebody is, and their address is at the userinfo endpoint.
  conformIdTokenClaims: asked.conforms,
  enabledJWA: { idTokenSigningAlgValues: [asked.algorithm] },
  jwks: { keys: asked.keys },
  cookies: { keys: ["for tests"] },
  features: { devInteractions: { enabled: true } },
  // The name by which somebody logs in is their subject.
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...asked.people[sub] }) }),
});
provider.on("server_error", (_, error) => console.error(error));
provider.listen(asked.port, "127.0.0.1");
