// An OpenID Connect issuer in a process of its own: oidc-provider, with one client that gets access tokens for itself.
// It is told its port, its keys and what it puts into tokens as JSON in ISSUER, and says when it serves.
import { Provider } from 'oidc-provider';

const { port, jwks, audience, alg, programmes, client } = JSON.parse(process.env['ISSUER']);
const scope = 'ledger:programme ledger:reporter ledger:auditor ledger:steward ledger:admin';

const provider = new Provider(`http://localhost:${port}`, {
  jwks,
  clients: [
    {
      client_id: client.id,
      client_secret: client.secret,
      id_token_signed_response_alg: alg,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  scopes: scope.split(' '),
  extraTokenClaims: () => ({ ledger_programmes: programmes }),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope, audience, accessTokenFormat: 'jwt', jwt: { sign: { alg } } }),
    },
  },
});
const server = provider.listen(port, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
