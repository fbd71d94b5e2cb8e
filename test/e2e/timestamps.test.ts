/**
 * A ledger whose checkpoints a time-stamping authority stamps: OpenSSL's, behind a server on this machine. What a stamp
 * must be is tested without it (test/unit/timestamp.test.ts), and where there is no openssl nothing is tested here.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ORIGIN, textOf } from '../support/audited-ledger.js';
import { runCommand } from '../support/command.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { allNeedTool } from '../support/tools.js';

const dir = mkdtempSync(join(tmpdir(), 'ledger-timestamps-'));
const file = (name: string) => join(dir, name);
const openssl = (...args: string[]) => spawnSync('openssl', args, { cwd: dir });

const CONFIGURATION = `
[tsa]
default_tsa = own
[own]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[stamping]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = critical,timeStamping
[req]
distinguished_name = name
[name]
`;

function makeAuthority(name: string): string {
  writeFileSync(file('tsa.cnf'), CONFIGURATION);
  writeFileSync(file('serial'), '01\n');
  const certificate = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const made = openssl(
    ...certificate,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
    '-days',
    '2',
    ...['-subj', '/CN=Test authority', '-config', 'tsa.cnf', '-extensions', 'stamping'],
  );
  expect([made.status, made.status === 0 ? '' : String(made.stderr)]).toEqual([0, '']);
  return new X509Certificate(readFileSync(file(`${name}.pem`))).fingerprint256;
}

function stamp(query: Buffer): Buffer {
  writeFileSync(file('query'), query);
  const signer = ['-signer', 'own.pem', '-inkey', 'own.key'];
  const { status } = openssl(
    'ts',
    '-reply',
    '-config',
    'tsa.cnf',
    '-queryfile',
    'query',
    ...signer,
    '-out',
    'reply',
  );
  expect(status).toBe(0);
  return readFileSync(file('reply'));
}

allNeedTool('openssl')('with an authority', () => {
  let authority: Server;
  let ledger: Ledger;
  let own: string;
  let silent = false;
  const policy = (name: string, fingerprint: string) => {
    writeFileSync(file(name), `log ${textOf(file('log.pub')).trim()}\ntsa own ${fingerprint}\n`);
    return ['--policy', file(name)];
  };
  const run = (...args: string[]) =>
    runCommand(args, { DATA_DIR: ledger.dataDir, LEDGER_URL: ledger.url, LEDGER_KEY: ADMIN_KEY });
  const register = (id: string) => ledger.call('POST', '/v1/organisations', { body: { id, name: id } });

  beforeAll(async () => {
    own = makeAuthority('own');
    authority = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (silent) return response.writeHead(503).end();
        response
          .writeHead(200, { 'content-type': 'application/timestamp-reply' })
          .end(stamp(Buffer.concat(parts)));
      });
    });
    authority.listen(0, '127.0.0.1');
    await once(authority, 'listening');
    const { port } = authority.address() as AddressInfo;
    ledger = await Ledger.start({ LEDGER_ORIGIN: ORIGIN, LEDGER_TIMESTAMPS: `http://127.0.0.1:${port}/` });
    writeFileSync(file('log.pub'), (await ledger.call('GET', '/v1/audit/key')).text);
    await register('one');
    await run('prove', '--out', file('all'));
  });
  afterAll(async () => {
    await ledger.remove();
    authority.close();
  });

  test('a bundle has the stamp, and a policy can ask for it', async () => {
    const good = await run('verify', file('all'), ...policy('asking', own));
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\n {2}time-stamped 20\d\d-.*Z by own/) as unknown,
    });
  });

  test('one by another authority, or none, leaves it open', async () => {
    const other = await run('verify', file('all'), ...policy('other', makeAuthority('another')));
    expect([other.code, other.stdout]).toEqual([
      2,
      expect.stringMatching(/is by the certificate [0-9a-f]{64}, and by none of own/),
    ]);
    writeFileSync(file('bare'), textOf(file('all')).replace(/,"timestamp":"[^"]+"/, ''));
    const bare = await run('verify', file('bare'), ...policy('asking', own));
    expect([bare.code, bare.stdout]).toEqual([2, expect.stringMatching(/no time stamp by own/)]);
  });

  test('one of another checkpoint is told', async () => {
    const before = /"timestamp":"([^"]+)"/.exec(textOf(file('all')))![1]!;
    await register('two');
    await run('prove', '--out', file('later'));
    writeFileSync(
      file('swapped'),
      textOf(file('later')).replace(/"timestamp":"[^"]+"/, `"timestamp":"${before}"`),
    );
    const swapped = await run('verify', file('swapped'), ...policy('asking', own));
    expect([swapped.code, swapped.stdout]).toEqual([1, expect.stringMatching(/it stamps another text/)]);
  });

  test('the stamp of the last head outlasts a start', async () => {
    await ledger.stop();
    silent = true;
    await ledger.start();
    await run('prove', '--out', file('again'));
    expect((await run('verify', file('again'), ...policy('asking', own))).code).toBe(0);
  });

  test('where it does not answer a checkpoint is signed without, and says so to whoever asks for one', async () => {
    await register('three');
    await run('prove', '--out', file('without'));
    expect((await run('verify', file('without'), '--key', file('log.pub'))).code).toBe(0);
    expect((await run('verify', file('without'), ...policy('asking', own))).code).toBe(2);
    expect(ledger.log).toMatch(/no time stamp from .*: it answered 503/);
  });
});

afterAll(() => rmSync(dir, { recursive: true }));
