/** A bundle that nobody altered is good, and whatever is altered in it is found, at its place. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CheckOptions } from '../../src/checker/bundle-check.js';
import { loggedEventOf, type BundleEvent, type BundleLine } from '../../src/checker/bundle-format.js';
import { parseCheckpoint } from '../../src/tlog/checkpoint.js';
import { sequencesOf } from '../../src/audit/figure-proof.js';
import { entryOf } from '../../src/tlog/entry.js';
import { leafHash } from '../../src/tlog/merkle.js';
import {
  encodeVerifierKey,
  makeSignerKey,
  parseSignerKey,
  parseVerifierKey,
  signNote,
  type SignerKey,
} from '../../src/tlog/note.js';
import { parsePolicy, policyOf } from '../../src/tlog/policy.js';
import type { Verdict } from '../../src/checker/verdict.js';
import { parseFinancialYear } from '../../src/kernel/financial-year.js';
import { AuditedLedger, ORIGIN } from '../support/audited-ledger.js';
import { checkLines } from '../support/check-lines.js';
import { LivedLedger } from '../support/lived-ledger.js';
import { longHistory } from '../support/long-history.js';
import { rootOfEvents } from '../support/naive-log.js';

let lived: LivedLedger;
let ledger: AuditedLedger;
let everything: string;
let key: string;

beforeAll(async () => {
  lived = await LivedLedger.of(longHistory(120));
  ledger = new AuditedLedger(lived);
  everything = await ledger.bundle();
  [key] = ledger.signer.verifierKeys as [string];
});
afterAll(() => lived.remove());

function check(
  bundle: string,
  options: CheckOptions = { policy: policyOf([parseVerifierKey(key)]) },
): Verdict {
  return checkLines(bundle.trimEnd().split('\n'), options);
}

type Event = Record<string, unknown> & { data: Record<'facts', Record<string, unknown>> };
interface Line {
  event: Event;
  leaf: string;
}
/** The bundle with its lines changed: the header is the first, and the event with the sequence n the line n + 1. */
function altered(change: (lines: string[]) => string[] | void, bundle = everything): string {
  const lines = bundle.trimEnd().split('\n');
  return (change(lines) ?? lines).join('\n');
}
function alteredEvent(sequence: number, change: (event: Event) => void): string {
  return altered((lines) => {
    const line = JSON.parse(lines[sequence + 1]!) as Line;
    change(line.event);
    lines[sequence + 1] = JSON.stringify(line);
  });
}

describe('a good bundle', () => {
  test('of everything', () => {
    const { size, root } = parseCheckpoint(
      (JSON.parse(everything.trimEnd().split('\n').at(-1)!) as { checkpoint: string }).checkpoint,
    );
    expect(check(everything)).toEqual({
      verdict: 'good',
      faults: [],
      doubts: [],
      remarks: [],
      limits: [],
      scope: { kind: 'everything' },
      figure: null,
      origin: ORIGIN,
      size: Number(size),
      root: root.toString('base64'),
      events: lived.events.length,
      erased: 0,
      erasures: [],
      signedBy: [key],
      stamped: null,
    });
  });

  test('of a programme, of periods, and cut at any earlier size', async () => {
    const size = lived.events.length;
    const scopes = [
      { kind: 'programme', programme: 'polypill' },
      { kind: 'period', after: -1, until: 20 },
      { kind: 'period', after: 17, until: 100 },
      { kind: 'period', after: 99, until: size - 1 },
    ] as const;
    for (const scope of scopes) {
      for (const since of [0, 1, 16, 100, size]) {
        const bundle = await ledger.bundle({ scope, since });
        const { verdict, events, faults } = check(bundle);
        expect({ scope, since, verdict, faults }).toEqual({ scope, since, verdict: 'good', faults: [] });
        expect(events).toBeLessThan(size);
      }
    }
  });
});

test('an event that anyone may have stripped of its words is neither good nor tampered with', () => {
  const worded = lived.events.findIndex(({ data }) => data.words !== undefined);
  const bundle = alteredEvent(worded, (event) => {
    event.data = { facts: event.data.facts };
    delete event['wordssalt'];
  });
  const gone = `the words of the events ${worded} are gone, and no erasure that is shown says so`;
  const doubts = [expect.stringContaining(gone) as unknown];
  expect(check(bundle)).toMatchObject({ verdict: 'cannot tell', erased: 1, doubts });
});

describe('what was altered in a bundle', () => {
  const at = (sequence: number, what: RegExp) => ({ sequence, what: matching(what) });

  test.each([
    ['a quantity', 30, (event: Event) => (event.data.facts['quantity'] = 1), /content of the event/],
    ['a salt', 30, (event: Event) => (event['factssalt'] = 'AAAAAAAAAAAAAAAAAAAAAA'), /content of the event/],
    ['a time', 30, (event: Event) => (event['time'] = '2020-01-01T00:00:00.000Z'), /not what was logged/],
    ['who', 30, (event: Event) => (event['actor'] = 'somebody'), /not what was logged/],
    ['in which role', 30, (event: Event) => (event['role'] = 'auditor'), /not what was logged/],
    [
      'from which file',
      30,
      (event: Event) => (event['recordedfrom'] = `file:${'0'.repeat(64)}#1`),
      /not what was logged/,
    ],
    ['by which request', 30, (event: Event) => (event['correlationid'] = 'x'), /not what was logged/],
    ['by which event', 30, (event: Event) => (event['causationid'] = 'x'), /not what was logged/],
    ['an id', 30, (event: Event) => (event['id'] = 'x'), /not what was logged/],
    ['a stream', 30, (event: Event) => (event['stream'] = 'submission-x'), /not what was logged/],
    ['a revision', 30, (event: Event) => (event['revision'] = 7), /not what was logged/],
    [
      'a ledger time',
      30,
      (event: Event) => (event['ledgertime'] = '2030-01-01T00:00:00.000Z'),
      /ledger time/,
    ],
  ])('%s: the event is named', (_what, sequence, change, says) => {
    const { verdict, faults } = check(alteredEvent(sequence, change));
    expect(verdict).toBe('tampered');
    expect(faults[0]).toEqual(at(sequence, says));
  });

  test('an event taken out, put in, or swapped with its neighbour', () => {
    const removed = check(altered((lines) => void lines.splice(31, 1)));
    expect(removed.faults[0]).toEqual(at(30, /has the sequence 31, in the place of 30/));
    const inserted = check(altered((lines) => void lines.splice(31, 0, lines[30]!)));
    expect(inserted.faults[0]).toEqual(at(30, /has the sequence 29, in the place of 30/));
    const swapped = check(altered((lines) => lines.with(31, lines[32]!).with(32, lines[31]!)));
    expect(swapped.faults[0]).toEqual(at(30, /has the sequence 31, in the place of 30/));
    // That those after it are out of their place too tells nobody more.
    for (const { faults } of [removed, inserted, swapped]) expect(faults).toHaveLength(1);
  });

  test('a line that no ledger writes is named by its place, and nothing that follows from it is', () => {
    const { verdict, faults } = check(alteredEvent(30, (event) => (event['foo'] = 1)));
    expect(verdict).toBe('tampered');
    expect(faults).toEqual([at(30, /a line is not of a bundle: the event has a member foo/)]);
  });

  test('everything that speaks of an event, made to fit: the root shows it', () => {
    const bundle = altered((lines) => {
      const [, ...others] = lines;
      const forged = others.map((text) => JSON.parse(text) as BundleLine);
      const line = forged[30] as unknown as Line;
      line.event['actor'] = 'somebody';
      line.leaf = forgedLeaf(line.event);
      lines[31] = JSON.stringify(line);
    });
    const { verdict, faults } = check(bundle);
    expect(verdict).toBe('tampered');
    expect(faults).toEqual([{ what: matching(/leaves lead to the root/) }]);
  });

  test('its end cut off, something after it, or no beginning', () => {
    expect(check(altered((lines) => lines.slice(0, -1)))).toMatchObject({
      verdict: 'cannot tell',
      doubts: [expect.stringMatching(/breaks off/)],
    });
    expect(check(altered((lines) => [...lines, lines[1]!])).faults[0]!.what).toMatch(
      /follows the checkpoint/,
    );
    expect(check(altered((lines) => lines.slice(1))).faults[0]!.what).toMatch(/does not begin/);
    expect(check(altered((lines) => lines.with(5, '{'))).faults[0]!.what).toMatch(/JSON/);
    expect(check(altered((lines) => lines.with(5, '{"event":{}}'))).verdict).toBe('tampered');
  });

  test('events of a bundle of everything, behind a hash', async () => {
    const period = await ledger.bundle({ scope: { kind: 'period', after: 30, until: 60 } });
    const bundle = period.replace(/"scope":\{[^}]*\}/, '"scope":{"kind":"everything"}');
    expect(check(bundle).faults[0]).toEqual(at(0, /left out/));
  });
});

describe('an earlier checkpoint', () => {
  test('vouches for the key that signed it, where no other is trusted', async () => {
    const since = await ledger.checkpoint();
    expect(check(everything, {}).verdict).toBe('cannot tell');
    expect(check(everything, { since }).verdict).toBe('good');
  });

  test('of a key that was taken away since leaves it open, and is no tampering', () => {
    const since = headAt(40, signerOf());
    for (const options of [{ since }, { since, policy: policyOf([parseVerifierKey(key)]) }]) {
      expect(check(everything, options)).toMatchObject({ verdict: 'cannot tell', faults: [] });
    }
  });

  test('that is none is refused', () => {
    const since = signNote('x\n', [signerOf()]);
    expect(() => check(everything, { since })).toThrow(/not a checkpoint/);
  });

  test('at a size where the bundle is not cut cannot be compared', async () => {
    const keys = signerOf();
    const since = headAt(40, keys);
    const period = await ledger.bundle({ scope: { kind: 'period', after: 90, until: 100 } });
    const trusting = { policy: policyOf([parseVerifierKey(key), keys.verifier]), since };
    expect(check(period, trusting)).toMatchObject({
      verdict: 'cannot tell',
      doubts: [expect.stringMatching(/since=40/)],
    });
    const cut = await ledger.bundle({ scope: { kind: 'period', after: 90, until: 100 }, since: 40 });
    expect(check(cut, { ...trusting, sinceTimeMs: 0 }).verdict).toBe('good');
    // What lies before it is not in the bundle, so that nobody can say when its last event was recorded.
    expect(check(cut, trusting)).toMatchObject({
      verdict: 'cannot tell',
      doubts: [expect.stringMatching(/back-dated: say with --since-time/)],
    });
  });

  test('of another history, or of more events, shows tampering; of another log it is a wrong pair', async () => {
    const keys = signerOf();
    const policy = policyOf([parseVerifierKey(key), keys.verifier]);
    const { root } = parseCheckpoint(headAt(39, keys));
    const told = (text: string) =>
      check(everything, { policy, since: signNote(text, [keys]) }).faults[0]!.what;
    expect(told(`${ORIGIN}\n40\n${root.toString('base64')}\n`)).toMatch(/first 40 events are not those/);
    expect(told(`${ORIGIN}\n4000\n${root.toString('base64')}\n`)).toMatch(
      /had 4000 at the earlier checkpoint/,
    );
    const another = signNote(`other\n39\n${root.toString('base64')}\n`, [keys]);
    expect(check(everything, { policy, since: another }).doubts).toContainEqual(
      expect.stringMatching(/wrong pair: the earlier checkpoint is of other/),
    );
  });

  test('that was received after an event was dated shows that it is back-dated', async () => {
    const keys = signerOf();
    const policy = policyOf([parseVerifierKey(key), keys.verifier]);
    const since = headAt(60, keys);
    const dated = Date.parse(lived.events[60]!.metadata.recordedAt);
    expect(check(everything, { policy, since, sinceTimeMs: dated }).verdict).toBe('good');
    const { faults } = check(everything, { policy, since, sinceTimeMs: dated + 601_000 });
    expect(faults[0]).toEqual({ sequence: 60, what: matching(/back-dated/) });
  });

  test('that a witness cosigned after an event was dated shows so by itself', () => {
    expect(toldOfWitness(0).verdict).toBe('good');
    expect(toldOfWitness(601).faults[0]).toEqual({ sequence: 60, what: matching(/back-dated/) });
  });

  test('B2: of a witness whose clock is some minutes ahead accuses nobody', () => {
    const { verdict, remarks } = toldOfWitness(60);
    expect(verdict).toBe('good');
    expect(remarks).toContainEqual({ sequence: 60, what: matching(/clocks of two machines/) });
  });

  /** The verdict where a witness cosigned the checkpoint so many seconds after the next event was dated. */
  const toldOfWitness = (secondsLater: number) => {
    const dated = Date.parse(lived.events[60]!.metadata.recordedAt) / 1_000;
    const witness = parseSignerKey(makeSignerKey('witness.example', 'witness'));
    const policy = parsePolicy(
      `log ${key}\nlog ${encodeVerifierKey(known.verifier)}\nwitness w ${encodeVerifierKey(witness.verifier)}\nquorum none\n`,
    );
    const { text } = parseCheckpoint(headAt(60, known)).note;
    return check(everything, { policy, since: signNote(text, [known, witness], dated + secondsLater) });
  };
  const known = parseSignerKey(makeSignerKey(ORIGIN, 'log'));
  const signerOf = () => parseSignerKey(makeSignerKey(ORIGIN, 'log'));
  /** The head of the log at an earlier size, as another key of the same log would have signed it. */
  const headAt = (size: number, signer: SignerKey) =>
    signNote(`${ORIGIN}\n${size}\n${rootOfEvents(lived.events.slice(0, size))}\n`, [signer]);
});

describe('a key', () => {
  test('that is not the one that is trusted shows tampering', () => {
    const other = parseSignerKey(makeSignerKey(ORIGIN, 'log')).verifier;
    const { verdict, faults } = check(everything, { policy: policyOf([other]) });
    expect(verdict).toBe('tampered');
    expect(faults[0]!.what).toMatch(/not signed with a key that is trusted/);
  });

  test('that a forger brings along beside the old one is not trusted for it', async () => {
    const since = await ledger.checkpoint();
    const forger = parseSignerKey(makeSignerKey(ORIGIN, 'log'));
    const bundle = altered((lines) => {
      const header = JSON.parse(lines[0]!) as { keys: string[] };
      header.keys.push(encodeVerifierKey(forger.verifier));
      const { note } = parseCheckpoint(since);
      const checkpoint = signNote(note.text, [forger]);
      return [JSON.stringify(header), ...lines.slice(1, -1), JSON.stringify({ checkpoint })];
    });
    expect(check(bundle, { since }).verdict).toBe('tampered');
  });
});

describe('a policy', () => {
  const witnesses = ['one.example', 'two.example'].map((name) =>
    parseSignerKey(makeSignerKey(name, 'witness')),
  );
  const [one, two] = witnesses as [(typeof witnesses)[0], (typeof witnesses)[0]];
  const policy = (quorum: string) =>
    parsePolicy(
      `log ${key} # ours\nwitness one ${encodeVerifierKey(one.verifier)}\nwitness two ${encodeVerifierKey(two.verifier)}\n\ngroup ${quorum === 'both' ? 'both all' : 'either any'} one two\nquorum ${quorum}\n`,
    );
  const cosignedBy = (signers: typeof witnesses) =>
    altered((lines) => {
      const { checkpoint } = JSON.parse(lines.at(-1)!) as { checkpoint: string };
      const { text } = parseCheckpoint(checkpoint).note;
      const more = signNote(text, signers, 1_700_000_000).slice(text.length + 1);
      return [...lines.slice(0, -1), JSON.stringify({ checkpoint: checkpoint + more })];
    });

  test.each([
    ['none', 0, 'good'],
    ['one', 0, 'cannot tell'],
    ['one', 1, 'good'],
    ['both', 1, 'cannot tell'],
    ['both', 2, 'good'],
    ['either', 1, 'good'],
  ] as const)('that asks for %s, with %i of two witnesses: %s', (quorum, count, verdict) => {
    expect(check(cosignedBy(witnesses.slice(0, count)), { policy: policy(quorum) }).verdict).toBe(verdict);
  });
});

test('a key that is a witness’s, or another log’s, signs no checkpoint of this one', () => {
  const text = (JSON.parse(everything.trimEnd().split('\n').at(-1)!) as { checkpoint: string }).checkpoint;
  const other = parseSignerKey(makeSignerKey('other.example/log', 'log'));
  const witness = parseSignerKey(makeSignerKey(ORIGIN, 'witness'));
  for (const signer of [other, witness]) {
    const checkpoint = signNote(parseCheckpoint(text).note.text, [signer], 1_700_000_000);
    const bundle = altered((lines) => lines.with(-1, JSON.stringify({ checkpoint })));
    expect(check(bundle, { policy: policyOf([signer.verifier]) }).faults[0]!.what).toMatch(
      /not signed with a key that is trusted/,
    );
  }
});

describe('a figure', () => {
  const query = (measure: string) => ({
    measure,
    from: parseFinancialYear('2020-21'),
    to: undefined,
    allowBreaks: true,
  });
  const prove = async (measure: string, more: object = {}) =>
    ledger.bundle(await ledger.figures(lived.totals).annual({ ...query(measure), ...more }, Date.now()));
  const measures = ['jobs', 'sites', 'jobs-created'];

  test.each(measures)('of %s is borne out by its events', async (measure) => {
    for (const more of [
      {},
      { programme: 'polypill' },
      { moment: { parameter: 'asAtSequence', text: '70' } },
    ]) {
      expect(check(await prove(measure, more))).toMatchObject({ verdict: 'good', faults: [] });
    }
  });

  test.each(measures)('of %s that was told higher is not', async (measure) => {
    const bundle = altered(
      (lines) => {
        const header = JSON.parse(lines[0]!) as { figure: { years: { total: number | null }[] } };
        const year = header.figure.years.find(({ total }) => total !== null)!;
        year.total = year.total! + 1;
        return [JSON.stringify(header), ...lines.slice(1)];
      },
      await prove(measure),
    );
    const { verdict, faults } = check(bundle);
    expect(verdict).toBe('tampered');
    expect(faults[0]!.what).toMatch(/has total \d+, but its events come to \d+/);
  });

  test('has the same events, in order and each once, however many are looked through at once', async () => {
    const { sequences } = await ledger.figures(lived.totals).annual(query('jobs'), Date.now());
    const whole: number[] = [];
    for await (const some of sequences!()) whole.push(...some);
    expect(whole).toEqual([...new Set(whole)].sort((one, other) => one - other));
    const { views } = lived.readModels;
    const cells = views.prepare('SELECT id, sequence FROM cells').all() as { id: number; sequence: number }[];
    const asked = { measures: ['jobs', 'jobs-created', 'sites'], cells };
    const until = lived.events.length - 1;
    const inOne: number[] = [];
    for await (const some of sequencesOf(views, asked, until)) inOne.push(...some);
    expect(inOne.length).toBeGreaterThan(100);
    const pages: (readonly number[])[] = [];
    for await (const some of sequencesOf(views, asked, until, 7)) pages.push(some);
    expect(pages.flat()).toEqual(inOne);
    expect(Math.max(...pages.map(({ length }) => length))).toBeLessThanOrEqual(7);
  });

  test('since a year is borne out by its events', async () => {
    const proof = await ledger.figures(lived.totals).since(query('jobs'), Date.now());
    expect(check(await ledger.bundle(proof))).toMatchObject({ verdict: 'good', faults: [] });
  });
});

/** Jest's matchers are typed as what they are, not as what they match. */
const matching = (what: RegExp): unknown => expect.stringMatching(what);

/** As the forger makes it: with the checker's own code. */
function forgedLeaf(event: Event): string {
  return leafHash(entryOf(loggedEventOf(event as unknown as BundleEvent))).toString('base64');
}
