/** The life of a key, and what the ledger says of who acted with it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { KeyListView } from '../../src/access/keys.dto.js';
import type { EventsPage } from '../../src/api/event.views.js';
import { runCommand } from '../support/command.js';
import { eventually, makeKey, secretOf, withKey } from '../support/keys.js';
import { plainBytesOf } from '../support/plain-bytes.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { OUTCOME, registerProgramme } from '../support/outcomes.js';

const PROGRAMME = 'lipid-management';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start();
  await registerProgramme(ledger, PROGRAMME);
});
afterAll(() => ledger.remove());

const statusWith = async (key: string, path = '/v1/measures') =>
  (await ledger.call('GET', path, { headers: withKey(key) })).status;

async function keyOf(id: string) {
  const { body } = await ledger.call<KeyListView>('GET', '/v1/keys');
  return body.keys.find((key) => key.id === id);
}

async function eventsAfter(sequence: number) {
  return (await ledger.call<EventsPage>('GET', `/v1/events?after=${sequence}`)).body.events;
}

describe('a key', () => {
  test('lets in from its answer on, outlasts a restart, and lets nobody in once it is revoked', async () => {
    const { id, key } = await makeKey(ledger, { role: 'reporter', name: 'Annual report' });
    expect(await statusWith(key)).toBe(200);
    await ledger.stop();
    await ledger.start();
    expect(await statusWith(key)).toBe(200);
    const today = new Date().toISOString().slice(0, 10);
    expect(await keyOf(id)).toEqual({
      ...{ id, name: 'Annual report', role: 'reporter', programmes: [], status: 'active' },
      ...{ expiresAt: null, lastUsedOn: today },
    });
    const revoke = () =>
      ledger.call<{ sequence: number }>('POST', `/v1/keys/${id}/revocation`, {
        body: { reason: 'its report is written' },
      });
    const first = await revoke();
    expect([first.status, await statusWith(key)]).toEqual([200, 401]);
    expect((await revoke()).body).toEqual(first.body);
    expect(await keyOf(id)).toMatchObject({ status: 'revoked' });
    await ledger.stop();
    await ledger.start();
    expect(await statusWith(key)).toBe(401);
  });

  test('has a name that reads like that of no other, until the other is revoked', async () => {
    const { id } = await makeKey(ledger, { role: 'reporter', name: 'Quarterly returns' });
    const body = { role: 'auditor', name: 'Qu\u0430rterly Returns' };
    const make = () => ledger.call<{ detail: string }>('POST', '/v1/keys', { body });
    const refused = await make();
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      expect.stringContaining(`${id} is named Quarterly returns`),
    ]);
    await ledger.call('POST', `/v1/keys/${id}/revocation`, { body: { reason: 'it was lost' } });
    expect((await make()).status).toBe(201);
  });

  test('that is revoked is told nothing more by a stream that it has open', async () => {
    const { id, key, sequence } = await makeKey(ledger, { role: 'auditor' });
    const stream = `/v1/events/stream?after=${sequence - 1}`;
    const { body } = await ledger.fetch(stream, { headers: withKey(key) });
    let told = '';
    const reading = (async () => {
      for await (const piece of body!.pipeThrough(new TextDecoderStream())) {
        if ((told += piece).includes('OrganisationRegistered')) return;
      }
    })();
    await eventually(() => Promise.resolve(told.includes('KeyCreated')));
    await ledger.call('POST', `/v1/keys/${id}/revocation`, { body: { reason: 'it was stolen' } });
    await ledger.call('POST', '/v1/organisations', {
      body: { id: 'told-to-others', name: 'Told to others' },
    });
    await reading;
    expect(told).not.toContain('OrganisationRegistered');
  });

  test('gets another secret, at once or with an overlap, and stays the same key', async () => {
    const { id, key } = await makeKey(ledger, { role: 'reporter' });
    const rotate = async (body: object) =>
      (await ledger.call<{ key: string }>('POST', `/v1/keys/${id}/rotation`, { body })).body.key;
    const second = await rotate({ reason: 'the yearly change', overlapSeconds: 3_600 });
    expect([await statusWith(key), await statusWith(second)]).toEqual([200, 200]);
    const third = await rotate({ reason: 'the second was mislaid' });
    expect([await statusWith(key), await statusWith(second), await statusWith(third)]).toEqual([
      401, 401, 200,
    ]);
    await ledger.call('POST', `/v1/keys/${id}/revocation`, { body: { reason: 'done' } });
    const again = await ledger.call('POST', `/v1/keys/${id}/rotation`, { body: { reason: 'once more' } });
    expect(again.status).toBe(422);
  });

  test('is not told again by anything: the ledger has its hash only', async () => {
    const { id, key, sequence } = await makeKey(ledger, { role: 'programme', programmes: [PROGRAMME] });
    const secret = secretOf(key);
    const [event] = await eventsAfter(sequence - 1);
    expect(event).toMatchObject({ type: 'KeyCreated', stream: `key-${id}`, actor: 'admin' });
    const told = [
      JSON.stringify(event),
      (await ledger.call('GET', '/v1/keys')).text,
      (await ledger.call('GET', '/v1/audit/bundle')).text,
      plainBytesOf(join(ledger.dataDir, 'events.db')).toString('latin1'),
    ];
    const found = told.map((text) => [text.includes(id), text.includes(secret)]);
    expect(found).toEqual(told.map(() => [true, false]));
  });

  test.each([
    ['of no programme in the role programme', { role: 'programme' }, 'key-programmes-do-not-fit-role'],
    [
      'of a programme in another role',
      { role: 'auditor', programmes: [PROGRAMME] },
      'key-programmes-do-not-fit-role',
    ],
    ['of a programme that is not there', { role: 'programme', programmes: ['nobody'] }, 'programme-unknown'],
    ['that has expired already', { role: 'auditor', expiresAt: '2020-01-01T00:00:00Z' }, 'key-expiry-passed'],
    ['of a person', { role: 'auditor', name: 'jo.bloggs@example.org' }, 'personal-data-suspected'],
  ])('%s is not made', async (_name, asked, code) => {
    const body = { name: 'for a test', ...asked };
    const answer = await ledger.call<{ type: string }>('POST', '/v1/keys', { body });
    expect([answer.status, answer.body.type.split(':').at(-1)]).toEqual([422, code]);
  });
});

describe('the actor of an event', () => {
  test('is the key, for submissions, corrections, imports and texts that were overridden', async () => {
    const { id, key } = await makeKey(ledger, { role: 'programme', programmes: [PROGRAMME] });
    const before = Number((await ledger.call('GET', '/health/live')).headers.get('ledger-sequence'));
    const headers = {
      ...withKey(key),
      'content-type': 'application/json',
      'x-actor': 'admin',
      'x-forwarded-user': 'admin',
    };
    const submission = randomUUID();
    const submissions = `/v1/programmes/${PROGRAMME}/submissions`;
    const note = 'ask someone@example.org';
    const override = { reason: 'a shared mailbox, of nobody' };
    const submitted = await ledger.call('POST', submissions, {
      body: { outcomes: [{ ...OUTCOME, note }], personalDataOverride: override },
      headers: { ...headers, 'idempotency-key': submission },
    });
    const corrected = await ledger.call('POST', `/v1/outcomes/${submission}.1/correction`, {
      body: { ...OUTCOME, quantity: 3, reason: 'recount' },
      headers: { ...headers, 'if-match': '"0"' },
    });
    const imported = await ledger.call('POST', `/v1/programmes/${PROGRAMME}/imports`, {
      body: 'measure,quantity,from,basis\njobs,1,2023-04-01,counted\n',
      headers: { ...headers, 'content-type': 'text/csv' },
    });
    expect([submitted.status, corrected.status, imported.status]).toEqual([201, 200, 201]);
    const actors = (await eventsAfter(before)).map(({ type, actor }) => [type, actor]);
    expect(actors).toEqual([
      ['PatientBenefited', `key:${id}`],
      ['OutcomeCorrected', `key:${id}`],
      [expect.any(String), `key:${id}`],
    ]);
  });

  test.each(['actor', 'metadata', 'recordedBy'])('is not taken from a body: %s', async (field) => {
    const answer = await ledger.call('POST', `/v1/programmes/${PROGRAMME}/submissions`, {
      body: { outcomes: [{ ...OUTCOME, [field]: 'admin' }] },
      headers: { 'idempotency-key': randomUUID() },
    });
    expect(answer.status).toBe(422);
  });
});

test('ledger keys creates, lists, rotates and revokes', async () => {
  const env = { LEDGER_URL: ledger.url, LEDGER_KEY: ADMIN_KEY };
  const keys = (...args: string[]) => runCommand(['keys', ...args], env);
  const created = await keys('create', '--name', 'Returns', '--role', 'programme', '--programme', PROGRAMME);
  expect(created.stdout).toMatch(/^ledger_[0-9a-f]{16}_[\w-]{43}\n$/);
  const key = created.stdout.trim();
  const id = key.split('_')[1]!;
  expect((await keys('list')).stdout).toMatch(
    new RegExp(`^${id}  programme +active +${PROGRAMME} +never +never +Returns$`, 'm'),
  );
  const rotated = (await keys('rotate', id, '--reason', 'the yearly change', '--json')).stdout;
  const { key: next } = JSON.parse(rotated) as { key: string };
  expect([await statusWith(key), await statusWith(next)]).toEqual([401, 200]);
  const revoked = await keys('revoke', id, '--reason', 'switched off');
  expect([revoked.code, await statusWith(next)]).toEqual([0, 401]);
  const refused = await runCommand(['keys', 'list'], { ...env, LEDGER_KEY: next });
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('does not take this key')]);
});
