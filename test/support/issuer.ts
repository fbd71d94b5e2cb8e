/** A real OpenID Connect issuer for tests, which can change its keys and be stopped. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

export const AUDIENCE = 'urn:example:ledger';
const CLIENT = { id: 'returns-system', secret: 'a-secret-of-the-client-for-tests' };
const ALG = 'ES256';

interface SigningKey {
  readonly kid: string;
  readonly secret: CryptoKey;
  readonly jwk: JWK;
}

export class Issuer {
  private process: ChildProcess | null = null;

  private constructor(
    private readonly port: number,
    private key: SigningKey,
  ) {}

  static async start(): Promise<Issuer> {
    const issuer = new Issuer(await freePort(), await signingKey('first'));
    await issuer.start();
    return issuer;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** The environment of a ledger that accepts the issuer's tokens. */
  get env(): NodeJS.ProcessEnv {
    return {
      LEDGER_OIDC_ISSUER: this.url,
      LEDGER_OIDC_AUDIENCE: AUDIENCE,
      LEDGER_OIDC_ALGORITHMS: ALG,
    };
  }

  async start(): Promise<void> {
    const settings = {
      ...{ port: this.port, jwks: { keys: [this.key.jwk] }, audience: AUDIENCE, alg: ALG },
      ...{ programmes: ['lipid-management'], client: CLIENT },
    };
    const child = spawn(process.execPath, [resolve(__dirname, 'issuer.mjs')], {
      env: { ...process.env, ISSUER: JSON.stringify(settings) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => Promise.reject(new Error(`the issuer ended: ${said}`))),
    ]);
  }

  async stop(): Promise<void> {
    const child = this.process!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  }

  /** Replaces the issuer's key; the old one is unknown from then on. */
  async changeKey(): Promise<void> {
    await this.stop();
    this.key = await signingKey(`${this.key.kid}-next`);
    await this.start();
  }

  /** An access token that the issuer gave to its client. */
  async token(scope: string): Promise<string> {
    const form = { grant_type: 'client_credentials', scope, resource: AUDIENCE };
    const response = await fetch(`${this.url}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${CLIENT.id}:${CLIENT.secret}`)}` },
      body: new URLSearchParams(form),
    });
    const answer = (await response.json()) as { access_token?: string };
    if (answer.access_token === undefined) throw new Error(JSON.stringify(answer));
    return answer.access_token;
  }

  /** A token that the issuer would not give, signed with its own key or another one. */
  async sign(
    changed: {
      readonly claims?: Readonly<Record<string, unknown>>;
      readonly head?: object;
      readonly key?: CryptoKey;
    } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const good = {
      iss: this.url,
      aud: AUDIENCE,
      sub: CLIENT.id,
      iat: now,
      exp: now + 60,
      scope: 'ledger:auditor',
    };
    const head = { alg: ALG, typ: 'at+jwt', kid: this.key.kid, ...changed.head };
    return new SignJWT({ ...good, ...changed.claims })
      .setProtectedHeader(head)
      .sign(changed.key ?? this.key.secret);
  }

  /** The public key as text, which a careless server could take for a shared secret. */
  get publicKeyText(): string {
    const { d: _, ...shown } = this.key.jwk;
    return JSON.stringify(shown);
  }
}

export async function signingKey(kid: string): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(ALG, { extractable: true });
  return { kid, secret: privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: ALG, use: 'sig' } };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
