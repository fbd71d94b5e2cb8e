/**
 * Who may do what: every call of the OpenAPI document is made with no credential, with each that lets nobody in, in
 * each role, and with the key of another programme. The table below knows the right answer for each.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ROLES, type Role } from '../../src/kernel/provenance.js';
import { pathOf } from '../support/checked-ledger.js';
import { contractOf, type Operation } from '../support/contract.js';
import { eventually, makeKey, withKey } from '../support/keys.js';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, registerProgramme } from '../support/outcomes.js';
import type { ReceiptView } from '../../src/submissions/submissions.dto.js';

const OWN = { programme: 'lipid-management', submission: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f', event: '0' };
const OTHER = { programme: 'asthma-care', submission: 'ab8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f', event: '0' };

/** Beside the admin, who may make every call. */
const NOBODY: Row = {};
const STEWARD: Row = { steward: 'all' };
const AUDITOR: Row = { auditor: 'all' };
const EVERYONE: Row = { reporter: 'all', auditor: 'all', steward: 'all', programme: 'regardless' };
const FIGURES: Row = { reporter: 'all', auditor: 'all', programme: 'in-query' };
type Row = Readonly<Partial<Record<Role, string>>>;

const TABLE: Readonly<Record<string, Row | 'anyone'>> = {
  isLive: 'anyone',
  isReady: 'anyone',
  readOpenApi: 'anyone',
  browseDocs: 'anyone',
  readDocsFile: 'anyone',
  registerProgramme: STEWARD,
  amendProgramme: STEWARD,
  closeProgramme: STEWARD,
  reopenProgramme: STEWARD,
  listProgrammes: { ...EVERYONE, programme: 'in-list' },
  readProgramme: { ...EVERYONE, programme: 'in-path' },
  registerOrganisation: STEWARD,
  amendOrganisation: STEWARD,
  renameOrganisation: STEWARD,
  listOrganisations: EVERYONE,
  readOrganisation: EVERYONE,
  defineMeasure: STEWARD,
  reviseMeasure: STEWARD,
  listMeasures: EVERYONE,
  readMeasure: EVERYONE,
  submitOutcomes: { programme: 'in-path' },
  importOutcomes: { programme: 'in-path' },
  importOutcomesWithProgress: { programme: 'in-path' },
  correctOutcome: { programme: 'when-found' },
  withdrawOutcome: { programme: 'when-found' },
  reinstateOutcome: { programme: 'when-found' },
  eraseOutcome: NOBODY,
  readSubmission: { ...FIGURES, programme: 'when-found' },
  readOutcome: { ...FIGURES, programme: 'when-found' },
  annualTotals: FIGURES,
  totalSince: FIGURES,
  changesOfTotals: FIGURES,
  outcomesBehindTotals: FIGURES,
  listEvents: { ...AUDITOR, programme: 'in-query' },
  readEventLines: { ...AUDITOR, programme: 'in-query' },
  streamEvents: { ...AUDITOR, programme: 'in-query' },
  programmeHistory: { ...AUDITOR, programme: 'in-path' },
  proveFigure: { ...AUDITOR, programme: 'in-query' },
  readBundle: { ...AUDITOR, programme: 'in-query' },
  readCheckpoint: EVERYONE,
  readLogKey: EVERYONE,
  proveConsistency: EVERYONE,
  readTile: AUDITOR,
  proveEvent: { ...AUDITOR, programme: 'when-found' },
  proveEventAsText: { ...AUDITOR, programme: 'when-found' },
  readProjections: AUDITOR,
  rebuildProjections: NOBODY,
  readMetrics: AUDITOR,
  createKey: NOBODY,
  listKeys: AUDITOR,
  rotateKey: NOBODY,
  revokeKey: NOBODY,
};

let ledger: Ledger;
let operations: readonly Operation[];
const keys = {} as Record<Role, string>;
const actors = {} as Record<Role, string>;
const shut: Record<string, string> = {};

beforeAll(async () => {
  ledger = await Ledger.start({ LEDGER_FAILURES_PER_MINUTE: '100000' });
  const { body } = await ledger.call<OpenAPIObject>('GET', '/openapi.json');
  ({ operations } = contractOf(body));
  for (const { programme } of [OWN, OTHER]) await registerProgramme(ledger, programme);
  for (const role of ROLES) {
    const programmes = role === 'programme' ? { programmes: [OWN.programme] } : {};
    const { id, key } = await makeKey(ledger, { role, ...programmes });
    keys[role] = key;
    actors[role] = `key:${id}`;
  }
  for (const [whose, by] of [
    [OWN, keys.programme],
    [OTHER, keys.admin],
  ] as const) {
    const recorded = await ledger.call<ReceiptView>('POST', `/v1/programmes/${whose.programme}/submissions`, {
      body: { outcomes: [OUTCOME, OUTCOME] },
      headers: { 'idempotency-key': whose.submission, ...withKey(by) },
    });
    (whose as { event: string }).event = String(recorded.body.sequence);
  }
  const revoked = await makeKey(ledger, { role: 'admin' });
  await ledger.call('POST', `/v1/keys/${revoked.id}/revocation`, { body: { reason: 'to see' } });
  const rotated = await makeKey(ledger, { role: 'admin' });
  await ledger.call('POST', `/v1/keys/${rotated.id}/rotation`, { body: { reason: 'to see' } });
  const expired = await makeKey(ledger, {
    role: 'admin',
    expiresAt: new Date(Date.now() + 1_000).toISOString(),
  });
  await eventually(
    async () => (await ledger.call('GET', '/v1/keys', { headers: withKey(expired.key) })).status === 401,
  );
  const { admin } = keys;
  Object.assign(shut, {
    revoked: `Bearer ${revoked.key}`,
    rotated: `Bearer ${rotated.key}`,
    expired: `Bearer ${expired.key}`,
    'with one character changed': `Bearer ${admin.slice(0, -1)}${admin.endsWith('A') ? 'B' : 'A'}`,
    'with the id of another': `Bearer ${admin.slice(0, 7)}${revoked.id}${admin.slice(23)}`,
    'cut short': `Bearer ${admin.slice(0, -1)}`,
    'without its scheme': admin,
    'of another scheme': `Basic ${Buffer.from(`admin:${admin}`).toString('base64')}`,
    empty: 'Bearer ',
    'a token that nobody issued': `Bearer ${'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.eA'}`,
    none: '',
  });
});
afterAll(() => ledger.remove());

interface Whose {
  readonly programme: string;
  readonly submission: string;
  readonly event: string;
}

async function ask(operation: Operation, authorization: string, whose: Whose | null = OWN) {
  const response = await send(operation, authorization, whose);
  const { status } = response;
  // A live stream has no end.
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
  const code = isProblem ? ((await response.json()) as { type: string }).type.split(':').at(-1) : undefined;
  if (!isProblem) await response.body?.cancel();
  return { status, code };
}

/** Makes the call with what it takes, about something of a programme. */
function send(operation: Operation, authorization: string, whose: Whose | null): Promise<Response> {
  const { id, method, template, parameters, body } = operation;
  const { programme, submission, event } = whose ?? OWN;
  const ids: Record<string, string> = {
    proveEvent: event,
    proveEventAsText: event,
    readSubmission: submission,
  };
  const given = template.startsWith('/v1/programmes/') ? programme : ids[id];
  const isOutcome = template.startsWith('/v1/outcomes/');
  const path = pathOf(operation, {
    ...((isOutcome || given) && { id: isOutcome ? `${submission}.1` : given! }),
  });
  const query = new URLSearchParams();
  for (const { name, in: place, required, examples } of parameters) {
    if (place !== 'query') continue;
    if (name === 'programme' && whose) query.set(name, programme);
    else if (required) query.set(name, examples!['example']!.value as string);
  }
  const file = body?.['text/csv']?.examples?.['example']!.value as string | undefined;
  const [shown] = Object.values(body?.['application/json']?.examples ?? {});
  const headers: Record<string, string> = { authorization, 'if-match': '"9"' };
  if (id === 'submitOutcomes') headers['idempotency-key'] = submission;
  if (body) headers['content-type'] = file === undefined ? 'application/json' : 'text/csv';
  const sent = body && { body: file ?? JSON.stringify(shown!.value) };
  const asked = method === 'GET' ? query.toString() : '';
  return fetch(`${ledger.url}${path}?${asked}`, { method, headers, ...sent });
}

const guarded = () => operations.filter(({ id }) => TABLE[id] !== 'anyone');

/** Whether an answer is one that only those get who may make the call. */
function letIn({ status, code }: { readonly status: number; readonly code?: string | undefined }): boolean {
  if (status >= 500 || status === 429) throw new Error(`${status} ${code}`);
  return status !== 401 && status !== 403;
}

const sequence = async () => (await ledger.call('GET', '/health/ready')).headers.get('ledger-sequence')!;

describe('the table of who may do what', () => {
  test('knows every call, and is what the document says', () => {
    const told = Object.fromEntries(
      operations.map((operation) => [
        operation.id,
        (operation as { 'x-roles'?: Row })['x-roles'] ?? 'anyone',
      ]),
    );
    const expected = Object.entries(TABLE).map(([id, row]) => [
      id,
      row === 'anyone' ? row : { ...row, admin: 'all' },
    ]);
    expect(told).toEqual(Object.fromEntries(expected));
  });

  test('without a valid key there is nothing but what anyone may see', async () => {
    const before = await sequence();
    for (const operation of guarded()) {
      for (const [name, authorization] of Object.entries(shut)) {
        const answer = await ask(operation, authorization);
        expect([operation.id, name, answer]).toEqual([
          operation.id,
          name,
          { status: 401, code: 'unauthenticated' },
        ]);
      }
    }
    for (const operation of operations.filter(({ id }) => TABLE[id] === 'anyone')) {
      expect([operation.id, letIn(await ask(operation, ''))]).toEqual([operation.id, true]);
    }
    expect(await sequence()).toBe(before);
  });

  test.each(ROLES.filter((role) => role !== 'programme' && role !== 'admin'))(
    'in the role %s',
    async (role) => {
      for (const operation of guarded()) {
        const may = (TABLE[operation.id] as Row)[role] !== undefined;
        const answer = await ask(operation, `Bearer ${keys[role]}`, null);
        expect([operation.id, letIn(answer)]).toEqual([operation.id, may]);
        if (!may) expect(answer).toEqual({ status: 403, code: 'not-allowed' });
      }
    },
  );

  test('with the key of a programme: for its own, and for no other', async () => {
    for (const operation of guarded()) {
      const kept = (TABLE[operation.id] as Row).programme;
      const answers: Record<string, boolean> = {};
      const authorization = `Bearer ${keys.programme}`;
      answers['own'] = letIn(await ask(operation, authorization, OWN));
      answers['other'] = letIn(await ask(operation, authorization, OTHER));
      if (kept === 'in-query') answers['none named'] = letIn(await ask(operation, authorization, null));
      const open = kept === 'in-list' || kept === 'regardless';
      const expected = {
        own: kept !== undefined,
        other: open,
        ...(kept === 'in-query' && { 'none named': false }),
      };
      expect([operation.id, answers]).toEqual([operation.id, expected]);
    }
  });

  test('the admin may make every call, with the first key and with any key in that role', async () => {
    for (const operation of guarded()) {
      expect([operation.id, letIn(await ask(operation, `Bearer ${keys.admin}`))]).toEqual([
        operation.id,
        true,
      ]);
    }
  });
});

describe('who recorded an outcome', () => {
  /** The calls that read what was recorded. The tiles of the log that this test reads have hashes alone. */
  const TELL = [
    ...['readSubmission', 'readOutcome', 'outcomesBehindTotals', 'listEvents', 'streamEvents'],
    'readEventLines',
    ...['programmeHistory', 'proveFigure', 'readBundle', 'proveEvent'],
  ];

  test.each(ROLES)('M1: is told by these calls alone, and to no reporter: to the role %s', async (role) => {
    const told: string[] = [];
    for (const operation of guarded().filter(({ method }) => method === 'GET')) {
      const response = await send(operation, `Bearer ${keys[role]}`, OWN);
      if (await tells(response, actors.programme)) told.push(operation.id);
    }
    const may = (id: string) => role === 'admin' || (TABLE[id] as Row)[role] !== undefined;
    const mayTell = TELL.filter((id) => role !== 'reporter' && may(id));
    expect(told.sort()).toEqual(mayTell.sort());
    // Each of them is in the log.
    const isLogged = (id: string) => ledger.log.includes(`"reads":"${id}","actor":"${actors[role]}"`);
    await eventually(async () => told.every(isLogged));
  });

  /** Reads an answer to its end, or a live stream to the last outcome. */
  async function tells(response: Response, actor: string): Promise<boolean> {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes(`id: ${OWN.event}\n`)) break;
    }
    // The entry of an event comes in base64.
    const decoded = text.replaceAll(/[\w+/]{40,}=*/g, (base64) => Buffer.from(base64, 'base64').toString());
    return text.includes(actor) || decoded.includes(actor);
  }
});

describe('a programme is kept to its own', () => {
  const own = () => ({ headers: withKey(keys.programme) });
  const code = async (path: string) => (await ledger.call('GET', path, own())).status;

  test('in a list, which leaves out the others', async () => {
    const { body } = await ledger.call<{ programmes: { id: string }[] }>('GET', '/v1/programmes', own());
    expect(body.programmes.map(({ id }) => id)).toEqual([OWN.programme]);
  });

  test('whatever else a question says', async () => {
    const measure = 'measure=patients-benefited';
    for (const query of [
      `totals/annual?${measure}&programme=${OTHER.programme}`,
      `totals/annual?${measure}&programme=${OWN.programme}&programme=${OTHER.programme}`,
      `totals/annual?${measure}&Programme=${OWN.programme}`,
      `totals/annual?${measure}&programme=`,
      `events?programme=${OTHER.programme}&after=0`,
      `audit/bundle?programme=${OWN.programme}&${measure}&whole=true`,
      `programmes/${encodeURIComponent(`${OWN.programme}/../${OTHER.programme}`)}`,
      'programmes/constructor',
    ]) {
      expect([query, await code(`/v1/${query}`)]).toEqual([query, 403]);
    }
  });

  test('in events and proofs, which hold none of another', async () => {
    for (const path of [
      `/v1/events.ndjson?programme=${OWN.programme}`,
      `/v1/audit/bundle?programme=${OWN.programme}`,
      `/v1/figures/proof?measure=patients-benefited&programme=${OWN.programme}`,
    ]) {
      const { status, text } = await ledger.call('GET', path, { headers: withKey(keys.programme) });
      expect([path, status, text.includes(OWN.submission)]).toEqual([path, 200, true]);
      expect([path, text.includes(OTHER.programme), text.includes(OTHER.submission)]).toEqual([
        path,
        false,
        false,
      ]);
    }
  });
});
