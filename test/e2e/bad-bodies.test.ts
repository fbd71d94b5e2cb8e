/** Bodies that are not JSON, or say what no outcome can be: each gets its precise problem and changes nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Ledger } from '../support/ledger.js';
import { correct, OUTCOME, record, registerProgramme, withdraw } from '../support/outcomes.js';
import { andServesOn, refusal, Watch } from '../support/refusals.js';

const PROGRAMME = 'lipid-management';
const KEY = '3d0a5f0e-6f5c-4d55-8d6f-0f6a4a4f9c01';
const SUBMISSIONS = `/v1/programmes/${PROGRAMME}/submissions`;

let ledger: Ledger;
let watch: Watch;
let outcomeId: string;
let withdrawnId: string;
beforeAll(async () => {
  ledger = await Ledger.start();
  await registerProgramme(ledger, PROGRAMME);
  await registerProgramme(ledger, 'ended');
  const closing = { closedOn: '2024-03-31', reason: 'funding has ended' };
  await ledger.call('POST', '/v1/programmes/ended/closure', { body: closing });
  const { outcomes } = await record(ledger, PROGRAMME, OUTCOME, OUTCOME);
  [outcomeId, withdrawnId] = [outcomes[0]!.id, outcomes[1]!.id];
  await withdraw(ledger, withdrawnId, 0, 'recorded twice');
  watch = await Watch.over(ledger);
});
afterEach(() => watch.nothingRecorded());
afterAll(() => ledger.remove());

const send = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  refusal(ledger, 'POST', path, {
    body,
    headers: { 'content-type': 'application/json', 'idempotency-key': KEY, ...headers },
  });

/** A submission of one outcome, whose last members are written as they stand here. */
const outcomeWith = (members: string) =>
  `{"outcomes":[{"measure":"jobs","effective":{"from":"2023-04-01"},"basis":"counted",${members}}]}`;
const bytes = (before: string, odd: readonly number[], after: string) =>
  Buffer.concat([Buffer.from(before), Buffer.from(odd), Buffer.from(after)]);

describe('a body that is not JSON which can be kept exactly', () => {
  const quantity = (literal: string) => outcomeWith(`"quantity":${literal}`);
  const note = (...odd: number[]) => bytes('{"outcomes":[{"note":"', odd, '"}]}');
  test.each<[name: string, body: string | Buffer, pointer?: string]>([
    ['that is empty', ''],
    ['of white space', ' \r\n\t '],
    ['of words', 'hello'],
    ['cut short in a string', '{"outcomes":[{"measure":"pat'],
    ['cut short between members', '{"outcomes":['],
    ['with a comma at its end', '{"outcomes":[],}'],
    ['in single quotes', "{'outcomes':[]}"],
    ['with a comment', '{"outcomes":[] /* none */}'],
    ['of two documents', '{"outcomes":[]} {"outcomes":[]}'],
    ['with NaN', quantity('NaN')],
    ['with Infinity', quantity('-Infinity')],
    ['with 1e400', quantity('1e400'), '/outcomes/0/quantity'],
    ['with 1e-400', quantity('1e-400'), '/outcomes/0/quantity'],
    ['with a number beyond safe integers', quantity('9007199254740993'), '/outcomes/0/quantity'],
    ['with one as far below', quantity('-9007199254740992'), '/outcomes/0/quantity'],
    ['with one written short', quantity('1e16'), '/outcomes/0/quantity'],
    ['with more digits than are kept', quantity('0.10000000000000000555'), '/outcomes/0/quantity'],
    ['with a leading zero', quantity('012')],
    ['with a sign before a number', quantity('+12')],
    ['with a hexadecimal number', quantity('0x1f')],
    ['with a name twice', quantity('1,"quantity":2'), '/outcomes/0/quantity'],
    ['with a name twice, once escaped', quantity('1,"quantit\\u0079":2'), '/outcomes/0/quantity'],
    ['with its own name twice', '{"outcomes":[],"outcomes":[]}', '/outcomes'],
    ['with __proto__', '{"__proto__":{"outcomes":[]}}', '/__proto__'],
    ['with __proto__ further in', quantity('1,"bounds":{"__proto__":null}'), '/outcomes/0/bounds/__proto__'],
    ['with __proto__ escaped', '{"\\u005f_proto__":1}', '/__proto__'],
    ['with the high half of a pair', outcomeWith('"note":"\\ud83d"'), '/outcomes/0/note'],
    ['with the low half of a pair', outcomeWith('"note":"\\ude00 "'), '/outcomes/0/note'],
    ['with a pair the wrong way round', outcomeWith('"note":"\\ude00\\ud83d"'), '/outcomes/0/note'],
    ['with half a pair in a name', '{"\\ud83d":1}'],
    ['nested too deep', '['.repeat(17) + ']'.repeat(17)],
    ['nested a hundred thousand deep', '['.repeat(100_000)],
    ['of a hundred thousand objects in each other', '{"a":'.repeat(100_000)],
    ['after a byte order mark', bytes('', [0xef, 0xbb, 0xbf], '{"outcomes":[]}')],
    ['in UTF-16', Buffer.from('{"outcomes":[]}', 'utf16le')],
    ['in Latin-1', note(0xe9)],
    ['with an overlong form', note(0xc0, 0x80)],
    ['with a surrogate in UTF-8', note(0xed, 0xa0, 0x80)],
    ['with a raw line break in a string', note(0x0a)],
    ['with a raw zero in a string', note(0x00)],
    ['that is compressed and does not say so', Buffer.from('1f8b08000000000000ff', 'hex')],
  ])('%s', async (_name, body, pointer = '') => {
    expect(await send(SUBMISSIONS, body)).toBe(`400 malformed-json ${pointer}`.trim());
  });
  andServesOn(() => watch, PROGRAMME);
});

describe('an outcome that breaks a rule of its form', () => {
  test.each<[name: string, body: string, pointer: string]>([
    ['null', 'null', ''],
    ['a list', '[]', ''],
    ['a text', '"outcomes"', ''],
    ['a number', '1', ''],
    ['no outcomes', '{}', '/outcomes'],
    ['outcomes that are one', '{"outcomes":{}}', '/outcomes'],
    ['none of them', '{"outcomes":[]}', '/outcomes'],
    ['501 of them', JSON.stringify({ outcomes: Array(501).fill(OUTCOME) }), '/outcomes'],
    ['null among them', '{"outcomes":[null]}', '/outcomes/0'],
    ['an unknown field', '{"outcomes":[{}],"programme":"x"}', '/programme'],
    ['an unknown field of an outcome', outcomeWith('"quantity":1,"quantitiy":2'), '/outcomes/0/quantitiy'],
    ['a field of every object', outcomeWith('"quantity":1,"constructor":{}'), '/outcomes/0/constructor'],
    ['a field with a pointer in its name', outcomeWith('"quantity":1,"a/b~c":2'), '/outcomes/0/a~1b~0c'],
    ['a text for a number', outcomeWith('"quantity":"12"'), '/outcomes/0/quantity'],
    ['a fraction of a number', outcomeWith('"quantity":1.5'), '/outcomes/0/quantity'],
    ['a negative number', outcomeWith('"numerator":-1,"denominator":2'), '/outcomes/0/numerator'],
    ['null for a number', outcomeWith('"quantity":null'), '/outcomes/0/quantity'],
    ['a list for a number', outcomeWith('"quantity":[1]'), '/outcomes/0/quantity'],
    ['a number for a percentage', outcomeWith('"percent":12.5'), '/outcomes/0/percent'],
    ['no denominator', outcomeWith('"numerator":1,"denominator":0'), '/outcomes/0/denominator'],
    ['a bound that is none', outcomeWith('"quantity":1,"bounds":{"low":null}'), '/outcomes/0/bounds/low'],
    [
      'an id that is none',
      outcomeWith('"quantity":1,"organisation":"Wessex AHSN"'),
      '/outcomes/0/organisation',
    ],
    ['evidence without a title', outcomeWith('"quantity":1,"evidence":{}'), '/outcomes/0/evidence/title'],
    ...[
      'javascript:alert(1)',
      'data:text/html,x',
      'mailto:x',
      'file:///x',
      'HTTPS://x',
      'https:x',
      'doi:',
    ].map((uri): [string, string, string] => [
      `evidence at ${uri}`,
      outcomeWith(`"quantity":1,"evidence":{"title":"Return","uri":"${uri}"}`),
      '/outcomes/0/evidence/uri',
    ]),
    ['a hash that is none', outcomeWith('"quantity":1,"evidenceSha256":"00"'), '/outcomes/0/evidenceSha256'],
    ['a control character', outcomeWith('"quantity":1,"note":"\\u0000"'), '/outcomes/0/note'],
    [
      'a note that is too long',
      outcomeWith(`"quantity":1,"note":"${'n'.repeat(2_001)}"`),
      '/outcomes/0/note',
    ],
  ])('%s', async (_name, body, pointer) => {
    expect(await send(SUBMISSIONS, body)).toBe(`422 invalid-content ${pointer}`);
  });

  test.each([
    ['2026-02-30'],
    ['2023-02-29'],
    ['2100-02-29'],
    ['2023-04-31'],
    ['2023-13-01'],
    ['2023-4-1'],
    ['01/04/2023'],
    ['2023-04-01T24:00:00Z'],
    ['2016-12-31T23:59:60Z'],
    ['2023-04-01T09:30:00'],
    ['２０２３-04-01'],
    ['0000-01-01'],
    [''],
    [20230401],
  ])('on %s', async (from) => {
    const outcomes = [{ ...OUTCOME, effective: { from } }];
    expect(await send(SUBMISSIONS, { outcomes })).toBe('422 invalid-content /outcomes/0/effective/from');
  });
  andServesOn(() => watch, PROGRAMME);
});

describe('an outcome that breaks a rule of the ledger', () => {
  const { quantity: _, ...noQuantity } = OUTCOME;
  const ratio = { ...noQuantity, measure: 'trusts-implementing' };
  test.each<[expected: string, outcome: object]>([
    ['measure-unknown /outcomes/0/measure', { ...OUTCOME, measure: 'constructor' }],
    ['organisation-unknown /outcomes/0/organisation', { ...OUTCOME, organisation: 'nobody' }],
    ['quantity-does-not-fit-kind /outcomes/0/quantity', { ...ratio, quantity: 1 }],
    ['quantity-does-not-fit-kind /outcomes/0/quantity', noQuantity],
    ['percent-above-hundred /outcomes/0/percent', { ...ratio, percent: '100.000001' }],
    ['numerator-exceeds-denominator /outcomes/0/numerator', { ...ratio, numerator: 2, denominator: 1 }],
    ['bounds-exclude-quantity /outcomes/0/bounds', { ...OUTCOME, bounds: { low: 0, high: 1_199 } }],
    [
      'effective-period-reversed /outcomes/0/effective',
      { ...OUTCOME, effective: { from: '2023-05-01', to: '2023-04-30' } },
    ],
    [
      'effective-period-spans-years /outcomes/0/effective',
      { ...OUTCOME, effective: { from: '2023-03-31', to: '2023-04-01' } },
    ],
    ['effective-in-future /outcomes/0/effective/to', { ...OUTCOME, effective: { from: '2999-12-31' } }],
    ['outside-programme-life /outcomes/0/effective/from', { ...OUTCOME, effective: { from: '2018-03-31' } }],
  ])('%s', async (expected, outcome) => {
    expect(await send(SUBMISSIONS, { outcomes: [outcome] })).toBe(`422 ${expected}`);
    const correction = { quantity: null, ...outcome, reason: 'recount' };
    const corrected = await send(`/v1/outcomes/${outcomeId}/correction`, correction, { 'if-match': '"0"' });
    expect(corrected).toBe(`422 ${expected.replace('/outcomes/0', '')}`);
  });

  test('for a programme that has closed, or an outcome that has changed or was withdrawn', async () => {
    const late = { ...OUTCOME, effective: { from: '2024-04-01' } };
    const toEnded = await send('/v1/programmes/ended/submissions', { outcomes: [late] });
    expect(toEnded).toBe('422 outside-programme-life /outcomes/0/effective/to');
    const change = { ...OUTCOME, reason: 'recount' };
    const told = async (id: string, version: number) => {
      const { status, body } = await correct(ledger, id, version, change);
      return `${status} ${(body as { type: string }).type.split(':').at(-1)}`;
    };
    expect(await told(outcomeId, 1)).toBe('412 outcome-version-stale');
    expect(await told(withdrawnId, 0)).toBe('412 outcome-version-stale');
    expect(await told(withdrawnId, 1)).toBe('422 outcome-withdrawn');
  });
  andServesOn(() => watch, PROGRAMME);
});

describe('a change of the catalogue that is wrong', () => {
  const programme = { id: 'new', name: 'New', startedOn: '2020-04-01' };
  const measure = {
    id: 'new',
    label: 'New',
    unit: 'tests',
    kind: 'flow',
    eventType: 'NewDone',
    countsPeople: false,
    rollsUpInto: null,
  };
  const revision = { from: '2024-25', label: 'Jobs', comparable: true, reason: 'reworded' };
  test.each<[path: string, body: object, expected: string]>([
    ['programmes', { ...programme, id: 'New Programme' }, '422 invalid-content /id'],
    ['programmes', { ...programme, id: 'n'.repeat(65) }, '422 invalid-content /id'],
    ['programmes', { ...programme, startedOn: '2026-02-30' }, '422 invalid-content /startedOn'],
    ['programmes', { ...programme, id: PROGRAMME }, '409 programme-exists'],
    [
      'programmes/lipid-management/amendments',
      { name: 'L', startedOn: '2018-04-01' },
      '422 invalid-content /reason',
    ],
    [
      'programmes/lipid-management/closure',
      { closedOn: '2026-02-30', reason: 'r' },
      '422 invalid-content /closedOn',
    ],
    [
      'programmes/lipid-management/closure',
      { closedOn: '2018-03-31', reason: 'r' },
      '422 outside-programme-life /closedOn',
    ],
    ['programmes/ended/reopening', { reason: ' ' }, '422 invalid-content /reason'],
    ...['New\nline', 'New\tname', 'New\u200bname', 'New\u2800', 'New\u{e0041}', '\u2800'].flatMap(
      (name): [string, object, string][] => [
        ['programmes', { ...programme, name }, '422 text-unreadable /name'],
        ['organisations', { id: 'new', name }, '422 text-unreadable /name'],
        ['organisations/wessex/names', { name, from: '2024-10-01' }, '422 text-unreadable /name'],
        ['measures', { ...measure, label: name }, '422 text-unreadable /label'],
        ['measures', { ...measure, unit: name }, '422 text-unreadable /unit'],
        ['keys', { name, role: 'reporter' }, '422 text-unreadable /name'],
      ],
    ),
    ...[
      'Wessex AHSN',
      'wessex  ahsn',
      'W\u0435ssex AHSN',
      '\uff37essex AHSN',
      'Wessex\u00a0AHSN',
      ' Wessex AHSN',
    ].map((name): [string, object, string] => ['organisations', { id: 'new', name }, '409 name-taken /name']),
    ['organisations/wessex/names', { name: 'Eastern AHSN', from: '2024-10-01' }, '409 name-taken /name'],
    ['programmes', { ...programme, name: 'Iipid-rnanagement' }, '409 name-taken /name'],
    ['programmes/lipid-management/amendments', { name: 'Ended', reason: 'r' }, '409 name-taken /name'],
    ['measures', { ...measure, label: 'J\u043ebs created' }, '409 name-taken /label'],
    ['measures', { ...measure, eventType: 'JobCreated' }, '409 event-type-taken /eventType'],
    ['measures/jobs/revisions', { ...revision, label: 'Jobs Created' }, '409 name-taken /label'],
    ['organisations', { id: 'new' }, '422 invalid-content /name'],
    ['organisations/wessex/names', { name: 'W', from: '2023-02-29' }, '422 invalid-content /from'],
    ['organisations/wessex/names', { name: 'W', from: '2023-10-01' }, '409 name-date-taken /from'],
    ['measures', { ...measure, kind: 'sum' }, '422 invalid-content /kind'],
    ['measures', { ...measure, countsPeople: 'false' }, '422 invalid-content /countsPeople'],
    ['measures', { ...measure, eventType: 'OutcomeWithdrawn' }, '422 event-type-reserved /eventType'],
    ['measures', { ...measure, rollsUpInto: 'new' }, '422 measure-unknown /rollsUpInto'],
    ['measures', { ...measure, rollsUpInto: undefined }, '422 invalid-content /rollsUpInto'],
    ['measures/jobs/revisions', { ...revision, comparable: 1 }, '422 invalid-content /comparable'],
    ['measures/jobs/revisions', { ...revision, from: '2024-26' }, '422 invalid-content /from'],
    ['measures/jobs/revisions', { ...revision, version: 2 }, '422 invalid-content /version'],
    ['measures', { ...measure, decimals: 7 }, '422 invalid-content /decimals'],
  ])('%s %j', async (path, body, expected) => {
    expect(await send(`/v1/${path}`, body)).toBe(expected);
  });
  andServesOn(() => watch, PROGRAMME);
});
