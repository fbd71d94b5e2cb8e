/** What the ledger shows to browsers, in its answers and in its log: no more than is meant for whoever reads it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, makeKey, withKey, secretOf } from '../support/keys.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { viewsFileIn } from '../support/lived-ledger.js';
import { OUTCOME, record, registerProgramme } from '../support/outcomes.js';
import { openDatabase, PUBLIC_KEY } from '../../src/store/database.js';
import { told } from '../support/refusals.js';

const ORIGIN = 'https://figures.example.org';
const PREFLIGHT = { origin: ORIGIN, 'access-control-request-method': 'POST' };

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start({ LOG_LEVEL: 'warn' });
  await registerProgramme(ledger);
});
afterAll(() => ledger.remove());

interface ReadLine {
  readonly reads?: string;
  readonly actor?: string;
  readonly url?: string;
}
const readsLogged = () =>
  ledger.log
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as ReadLine)
    .filter(({ reads }) => reads !== undefined);

describe('to browsers', () => {
  test('every answer says that it is no page and for no other site, problems and the unknown too', async () => {
    for (const [path, headers] of [
      ['/v1/measures', {}],
      ['/v1/nothing', {}],
      ['/v1/measures', { authorization: '' }],
      ['/%ff', {}],
      ['/health/live', { authorization: '' }],
    ] as const) {
      const answer = await ledger.call('GET', path, { headers });
      expect([path, answer.headers.get('content-security-policy')]).toEqual([
        path,
        "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
      ]);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
        'strict-transport-security': expect.stringContaining('max-age='),
      });
    }
  });

  test('no page of another site may read anything', async () => {
    const asked = await ledger.call('OPTIONS', '/v1/measures', {
      headers: { ...PREFLIGHT, authorization: '' },
    });
    expect(asked.status).toBe(401);
    const answer = await ledger.call('GET', '/v1/measures', { headers: { origin: ORIGIN } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('but those of the sites that are configured, which still need a key', async () => {
    const open = await Ledger.start({ LEDGER_CORS_ORIGINS: `${ORIGIN} https://other.example.org` });
    try {
      const asked = await open.call('OPTIONS', '/v1/programmes', {
        headers: { ...PREFLIGHT, authorization: '' },
      });
      expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, ORIGIN]);
      expect(asked.headers.get('access-control-allow-headers')).toContain('Idempotency-Key');
      const read = (headers: Record<string, string>) => open.call('GET', '/v1/measures', { headers });
      const allowed = await read({ origin: ORIGIN });
      expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([200, ORIGIN]);
      expect((await read({ origin: ORIGIN, authorization: '' })).status).toBe(401);
      const other = await read({ origin: 'https://evil.example' });
      expect(other.headers.get('access-control-allow-origin')).not.toBe('https://evil.example');
      expect((await open.call('OPTIONS', '/v1/programmes')).status).toBe(204);
    } finally {
      await open.remove();
    }
  });
});

describe('in the log', () => {
  test('M1: whoever reads who recorded what is named, whatever the level', async () => {
    const { id, key } = await makeKey(ledger, { role: 'auditor' });
    await ledger.call('GET', '/v1/events?limit=1', { headers: withKey(key) });
    await ledger.call('GET', '/v1/programmes/asthma-care/history', { headers: withKey(key) });
    await ledger.call('GET', '/v1/audit/bundle', { headers: withKey(key) });
    await ledger.call('GET', '/v1/totals/annual?measure=jobs', { headers: withKey(key) });
    await ledger.call('GET', '/v1/totals/changes?measure=jobs&earlier=0', { headers: withKey(key) });
    await ledger.call('GET', '/v1/outcomes?measure=jobs', { headers: withKey(key) });
    const lines = () => readsLogged().filter(({ actor }) => actor === `key:${id}`);
    await eventually(async () => lines().length >= 5);
    expect(lines().map(({ reads, url }) => [reads, url])).toEqual([
      ['listEvents', '/v1/events?limit=1'],
      ['programmeHistory', '/v1/programmes/asthma-care/history'],
      ['readBundle', '/v1/audit/bundle'],
      ['changesOfTotals', '/v1/totals/changes?measure=jobs&earlier=0'],
      ['outcomesBehindTotals', '/v1/outcomes?measure=jobs'],
    ]);
  });

  test('whoever was answered is named, even if the ledger is killed at that moment', async () => {
    const killed = await Ledger.start();
    try {
      for (const [path, reads] of [
        ['events', 'listEvents'],
        ['events.ndjson', 'readEventLines'],
        ['events/stream', 'streamEvents'],
      ] as const) {
        const response = await killed.fetch(`/v1/${path}`, { headers: { 'x-request-id': 'the-last' } });
        await killed.kill();
        expect([path, response.status]).toEqual([path, 200]);
        expect(killed.log).toMatch(new RegExp(`"reads":"${reads}","actor":"admin".*"reqId":"the-last"`));
        await killed.start();
      }
    } finally {
      await killed.remove();
    }
  });

  test('that cannot be written nobody is told who recorded what, and all else goes on', async () => {
    const full = openSync('/dev/full', 'w');
    const unlogged = await Ledger.start({ LOG_LEVEL: 'trace' }, full);
    closeSync(full);
    try {
      await registerProgramme(unlogged);
      for (let round = 0; round < 3; round++) {
        await record(unlogged, 'asthma-care', OUTCOME);
        const answer = await unlogged.call('GET', '/v1/events');
        expect([told(answer), answer.headers.get('retry-after')]).toEqual(['503 store-unavailable', '1']);
        const totals = await unlogged.call('GET', '/v1/totals/annual?measure=patients-benefited');
        expect(totals.status).toBe(200);
      }
    } finally {
      await unlogged.remove();
    }
  });

  test('no secret stands, wherever someone put it', async () => {
    const loud = await Ledger.start({ LOG_LEVEL: 'trace' });
    try {
      const { key } = await makeKey(loud, { role: 'auditor' });
      const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';
      for (const secret of [key, token, ADMIN_KEY]) {
        await loud.call('GET', `/v1/events?key=${secret}`);
        await loud.call('GET', `/v1/${encodeURIComponent(secret)}`, { headers: { 'x-request-id': secret } });
        await loud.call('GET', `/v1/events?limit=1`, { headers: withKey(secret) });
        await loud.call('GET', `/v1/measures`, { headers: { 'x-request-id': `my-${secret}` } });
        await loud.call('GET', `/%ff?${secret}`);
      }
      await loud.call('GET', '/v1/nothing-more', { headers: { 'x-request-id': 'the-last' } });
      await eventually(async () => loud.log.includes('the-last'));
      for (const secret of [secretOf(key), token, ADMIN_KEY]) expect(loud.log).not.toContain(secret);
    } finally {
      await loud.remove();
    }
  });
});

test('no admin key stands in the log either, whatever its characters and however they are written', async () => {
  const key = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83v/jRWe+A=';
  const escaped = encodeURIComponent(key);
  const inLowerCase = escaped.replaceAll(/%../g, (escape) => escape.toLowerCase());
  const loud = await Ledger.start({ LOG_LEVEL: 'trace', LEDGER_ADMIN_KEY: key });
  try {
    for (const spelled of [key, escaped, inLowerCase, key.replace('q', '%71')]) {
      for (const path of [`/v1/events?key=${spelled}`, `/v1/nothing/${spelled}/more`, `/%ff/${spelled}`])
        await loud.call('GET', path, { headers: withKey(key) });
    }
    await loud.call('GET', '/v1/nothing-more', { headers: { 'x-request-id': 'the-last' } });
    await loud.logged('the-last');
    expect(loud.log).not.toContain(key.slice(1, 30));
  } finally {
    await loud.remove();
  }
});

test('what is wrong with the files is told to whoever asks by their names, not by where they lie', async () => {
  const damaged = await Ledger.start({ LOG_LEVEL: 'warn' });
  try {
    await registerProgramme(damaged);
    await record(damaged, 'asthma-care', ...Array.from({ length: 500 }, () => OUTCOME));
    await registerProgramme(damaged, 'polypill');
    await damaged.stop();
    // A page in the middle of the one large record.
    const file = openSync(join(damaged.dataDir, 'events.db'), 'r+');
    writeSync(file, Buffer.alloc(4_096), 0, 4_096, 4_096 * 20);
    closeSync(file);
    await damaged.start();
    const ready = () => damaged.call<{ selfCheck: { fault?: string } }>('GET', '/health/ready');
    await eventually(async () => (await ready()).body.selfCheck.fault !== undefined);
    const asked = await damaged.call('POST', '/v1/organisations', { body: { id: 'new', name: 'New' } });
    expect([(await ready()).status, asked.status]).toEqual([503, 503]);
    for (const { text } of [await ready(), asked]) expect(text).not.toContain(damaged.dataDir);
    const read = await damaged.call('GET', '/v1/events');
    expect(read.status).toBeGreaterThanOrEqual(500);
    await damaged.stop();
    // The log says what it was, and leaves out where in the code.
    expect(damaged.log).toContain('events.db: database disk image is malformed');
    expect(damaged.log).not.toMatch(/\\n +at |node_modules|\.js:\d/);
  } finally {
    await damaged.remove();
  }
});

test('nobody is told the names of tables, whatever becomes of them', async () => {
  const altered = await Ledger.start();
  try {
    await registerProgramme(altered);
    const database = openDatabase(viewsFileIn(altered.dataDir), PUBLIC_KEY);
    for (const table of ['events', 'cells']) database.exec(`ALTER TABLE ${table} RENAME TO no_${table}`);
    database.close();
    const ready = () => altered.call<{ selfCheck: { ok: boolean } }>('GET', '/v1/projections');
    await eventually(async () => !(await ready()).body.selfCheck.ok);
    for (const path of ['/v1/projections', '/health/ready', '/v1/events', '/v1/totals/annual?measure=jobs']) {
      const { text } = await altered.call('GET', path);
      expect(text).not.toMatch(/table|SQL|cells/);
    }
    const refused = await altered.call('POST', '/v1/organisations', { body: { id: 'new', name: 'New' } });
    expect([refused.status, refused.text]).toEqual([503, expect.not.stringMatching(/table|SQL|cells/)]);
  } finally {
    await altered.remove();
  }
});

test('no answer names a file, a stack or what the ledger is made of', async () => {
  const INSIDE = /node_modules|\.(ts|js):\d|\bat \w+\.|SQLITE|sqlite|fastify|FST_|nest|jose|ERR_|JWT|Error:/i;
  const json = { 'content-type': 'application/json' };
  const asked: [method: string, path: string, sent: object][] = [
    ['GET', '/v1/nothing', {}],
    ['GET', '/%ff', {}],
    ['GET', '/v1/events?cursor=x', {}],
    ['GET', '/v1/audit/tile/x/y', {}],
    ['POST', '/v1/programmes', { body: '{', headers: json }],
    ['POST', '/v1/programmes', { body: '', headers: json }],
    ['POST', '/v1/programmes', { body: '[]', headers: json }],
    ['POST', '/v1/programmes', { body: 'x', headers: { 'content-type': 'application/xml' } }],
    ['DELETE', '/v1/programmes', {}],
    ['GET', '/v1/measures', { headers: { authorization: 'Bearer a.b.c' } }],
    ['POST', '/v1/keys', { body: { name: 'x', role: 'king' } }],
  ];
  for (const [method, path, sent] of asked) {
    const { status, text, headers } = await ledger.call(method, path, sent);
    expect([path, status >= 400 && status < 500]).toEqual([path, true]);
    const { detail, title } = JSON.parse(text) as { detail: string; title: string };
    expect(`${title} ${detail}`).not.toMatch(INSIDE);
    expect([...headers.keys()]).not.toEqual(expect.arrayContaining(['x-powered-by']));
  }
});
