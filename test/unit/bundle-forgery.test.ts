/** Bundles that a forger made under a genuine checkpoint: each says what the ledger never did, and none is good. */
import { describe, expect, test } from '@jest/globals';
import { Frontier, type Hash } from '../../src/tlog/merkle.js';
import {
  annual,
  bundleOf,
  check,
  definition,
  eventAt,
  eventLine,
  figure,
  outcome,
  rootOf,
  subtreeLine,
  told,
  type Claim,
  type ForgedEvent,
} from '../support/forged-bundle.js';

const EVERYTHING = { scope: { kind: 'everything' } };
const OF_FIGURE = { kind: 'figure' };
const JUNK = Buffer.alloc(32) as Hash;
const matching = (what: RegExp): unknown => expect.stringMatching(what);

const flow = definition(0, 'flow');
const events = [flow, outcome(1, 10), outcome(2, 20)];
const leafLine = (event: ForgedEvent) => subtreeLine(0, event.ledgersequence, rootOf([event]));

test('what nobody forged is good', () => {
  expect(check(bundleOf(events, EVERYTHING)).faults).toEqual([]);
  const claim = { scope: OF_FIGURE, figure: annual(2, 30, 2) };
  expect(check(bundleOf(events, claim))).toMatchObject({ verdict: 'good', faults: [] });
  const whole = { scope: { kind: 'everything' }, figure: annual(2, 30, 2) };
  expect(check(bundleOf(events, whole))).toMatchObject({ verdict: 'good', faults: [] });
});

describe('a subtree', () => {
  const twelve = [flow, ...Array.from({ length: 11 }, (_, index) => outcome(index + 1, 10))];

  test('of less than one leaf does not carry the signed root over forged events', () => {
    const lines = [subtreeLine(3, 0, rootOf(twelve)), eventLine(outcome(8, 1_000_000))];
    let size = 9;
    const creepTo = (end: number) => {
      for (let height = -1; size < end; height--) {
        lines.push(subtreeLine(height, size / 2 ** height, JUNK));
        size += 2 ** height;
      }
    };
    creepTo(10);
    lines.push(eventLine(definition(10, 'flow')));
    size = 11;
    creepTo(12);
    const forged = bundleOf(twelve, { scope: OF_FIGURE, figure: annual(11, 1_000_000, 1) }, lines);
    expect(check(forged)).toMatchObject({ verdict: 'tampered', events: expect.any(Number) as unknown });
    expect(check(forged).faults[0]!.what).toMatch(/height is not a whole number from 0 to 52/);
  });

  test.each([[-1], [0.5], [53], ['0'], [null], [1e300]])('has no height %j', (height) => {
    const lines = [
      subtreeLine(height, 0, rootOf([flow])),
      ...events.slice(1).map((event) => eventLine(event)),
    ];
    const { verdict, faults } = check(
      bundleOf(events, { scope: { kind: 'programme', programme: 'p' } }, lines),
    );
    expect([verdict, faults[0]!.what]).toEqual(['tampered', matching(/height is not/)]);
    expect(() => new Frontier().append(JUNK, height as number)).toThrow(
      /a subtree has a height from 0 to 52/,
    );
  });

  test.each([[-1], [0.5], ['0'], [null]])('has no number %j', (number) => {
    const lines = [
      subtreeLine(0, number, rootOf([flow])),
      ...events.slice(1).map((event) => eventLine(event)),
    ];
    const { verdict, faults } = check(
      bundleOf(events, { scope: { kind: 'programme', programme: 'p' } }, lines),
    );
    expect([verdict, faults[0]!.what]).toEqual(['tampered', matching(/number is not/)]);
  });
});

describe('an event without its words', () => {
  const [, one, two] = events as [ForgedEvent, ForgedEvent, ForgedEvent];
  const noted = eventAt(1, {
    ...{ stream: one.stream, schema: 'outcome@2', facts: one.data.facts },
    words: { note: 'a name' },
  });
  const { wordssalt: _salt, ...rest } = noted;
  const gone = { ...rest, data: { facts: noted.data.facts } } as unknown as ForgedEvent;
  const erasure = (stream: string, erased: readonly number[] = [0]) =>
    eventAt(3, {
      stream,
      schema: 'outcome-erased@2',
      facts: { outcomeId: 's1.1', programmeId: 'p', authorisedBy: 'Data protection officer', erased },
      words: { reason: 'request 2024-17' },
      revision: stream === noted.stream ? 1 : 0,
    });
  const ordered = erasure(noted.stream);
  const shown = (event: ForgedEvent, order: ForgedEvent, claim: Claim = EVERYTHING) =>
    check(
      bundleOf(
        [flow, noted, two, ordered],
        claim,
        [flow, event, two, order].map((each) => eventLine(each)),
      ),
    );
  const OF_IT = { scope: OF_FIGURE, figure: annual(2, 30, 2) };

  test('is good where an erasure says so, which is shown, and counts in a figure as before', () => {
    const erasures = [{ sequence: 3, outcome: 's1.1', authorisedBy: 'Data protection officer', actor: 'a' }];
    expect(shown(gone, ordered)).toMatchObject({ verdict: 'good', erased: 1, erasures });
    expect(shown(gone, ordered, OF_IT)).toMatchObject({ verdict: 'good', erased: 1, erasures });
  });

  test('is no proof of anything where no erasure says so', () => {
    const silent = [flow, noted, two];
    const lines = [flow, gone, two].map((event) => eventLine(event));
    for (const claim of [EVERYTHING, OF_IT, { scope: { kind: 'period', after: -1, until: 2 } }]) {
      expect(check(bundleOf(silent, claim, lines))).toMatchObject({
        verdict: 'cannot tell',
        doubts: [matching(/the words of the events 1 are gone, and no erasure that is shown says so/)],
      });
    }
    const other = erasure('submission-s9');
    const told = [flow, gone, two, other].map((event) => eventLine(event));
    expect(check(bundleOf([flow, noted, two, other], EVERYTHING, told)).verdict).toBe('cannot tell');
  });

  test('has the facts that were logged, whatever an erasure says: no erasure changes a figure', () => {
    const inflated = { ...gone, data: { facts: { ...gone.data.facts, quantity: 9_050 } } } as ForgedEvent;
    for (const claim of [EVERYTHING, { scope: OF_FIGURE, figure: annual(2, 9_070, 2) }]) {
      const { verdict, faults } = shown(inflated, ordered, claim);
      expect([verdict, faults[0]]).toEqual([
        'tampered',
        { sequence: 1, what: matching(/the content of the event e1 was altered: the facts have the hash/) },
      ]);
    }
  });

  test('has the words that were logged, or none', () => {
    for (const words of [{ note: 'another' }, {}, null]) {
      const forged = { ...noted, data: { ...noted.data, words } } as unknown as ForgedEvent;
      expect(shown(forged, ordered).verdict).toBe('tampered');
    }
    const { wordshash: _hash, ...unhashed } = gone;
    expect(shown(unhashed as ForgedEvent, ordered).verdict).toBe('tampered');
    const unsalted = { ...rest, data: noted.data } as unknown as ForgedEvent;
    expect(shown(unsalted, ordered).verdict).toBe('tampered');
  });

  test('is explained by no erasure that was altered', () => {
    const facts = { ...ordered.data.facts, erased: [0, 1] };
    const altered = { ...ordered, data: { ...ordered.data, facts } } as ForgedEvent;
    expect(shown(gone, altered).verdict).toBe('tampered');
  });
});

describe('an event without the salt of its facts', () => {
  const [, one, two] = events as [ForgedEvent, ForgedEvent, ForgedEvent];

  test('is none: nothing vouches for what it says', () => {
    const { factssalt: _, ...unsalted } = one;
    const lines = [flow, unsalted as ForgedEvent, two].map((event) => eventLine(event));
    for (const claim of [EVERYTHING, { scope: OF_FIGURE, figure: annual(2, 30, 2) }]) {
      expect(check(bundleOf(events, claim, lines)).verdict).toBe('tampered');
    }
  });

  test.each([[''], ['AAAA'], ['AAAAAAAAAAAAAAAAAAAAAB'], [null], [7]])('has no salt %j either', (salt) => {
    const lines = [flow, { ...one, factssalt: salt } as unknown as ForgedEvent, two];
    const forged = bundleOf(
      events,
      EVERYTHING,
      lines.map((event) => eventLine(event)),
    );
    expect(check(forged).verdict).toBe('tampered');
  });
});

describe('a figure', () => {
  const stock = [definition(0, 'stock'), outcome(1, 10), outcome(2, 10, { effective: day('2024-06-01') })];
  const proves = (of: readonly ForgedEvent[], told: Readonly<Record<string, unknown>>, lines?: string[]) =>
    check(bundleOf(of, { scope: OF_FIGURE, figure: told }, lines));

  test('whose definition is left out is not one: a stock would be summed', () => {
    const lines = [leafLine(stock[0]!), eventLine(stock[1]!), eventLine(stock[2]!)];
    expect(proves(stock, annual(2, 10, 1), lines).faults[0]!.what).toMatch(/definition is left out/);
  });

  test('of a stock is not added up over years', () => {
    const years = { measure: 'jobs', from: '2023-24', to: '2024-25', asAtSequence: 2 };
    expect(proves(stock, { ...years, total: told(20, 2) }).faults[0]!.what).toMatch(
      /adds up a stock over years/,
    );
  });

  describe('over a break in a definition', () => {
    const facts = { measureId: 'jobs', from: '2024-25', comparable: false, label: 'Jobs' };
    const revised = (more: object = {}, revision = 1) =>
      eventAt(1, {
        stream: 'measure-jobs',
        schema: 'measure-revised@2',
        revision,
        facts: { ...facts, ...more },
      });
    const [before, after] = [outcome(2, 10), outcome(3, 10, { effective: day('2024-06-01') })];
    const years = { measure: 'jobs', from: '2023-24', to: '2024-25', asAtSequence: 3 };
    const total = { ...years, total: told(20, 2) };

    test('is flagged, and is not where years can be compared', () => {
      const { verdict, remarks } = proves([flow, revised(), before, after], total);
      expect([verdict, remarks[0]!.what]).toEqual(['good', matching(/adds up over a break.*jobs/)]);
      const comparable = revised({ comparable: true });
      expect(proves([flow, comparable, before, after], total).remarks).toEqual([]);
      const earlier = revised({ from: '2023-24' });
      expect(proves([flow, earlier, before, after], total).remarks).toEqual([]);
    });

    test('cannot be told of where a revision is left out', () => {
      expect(proves([flow, revised({}, 2), before, after], total).doubts[0]).toMatch(
        /revision of jobs is left out/,
      );
    });
  });

  const year = { financialYear: '2023-24', ...told(30, 2) };
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['no years and no total', {}],
    ['no year at all', { years: [] }],
    ['a year twice', { years: [year, year] }],
    ['a year of another time', { years: [{ ...year, financialYear: '2022-23' }] }],
    ['a year in a list of its own', { years: [{ ...year, financialYear: ['2023-24'] }] }],
    ['no basis', { years: [{ ...year, byBasis: {} }] }],
    ['a basis more', { years: [{ ...year, byBasis: { counted: 30, modelled: 0 } }] }],
    ['bounds that are wider', { years: [{ ...year, bounds: { low: 0, high: 30 } }] }],
    ['no bounds', { years: [{ ...year, bounds: null }] }],
    ['a ratio', { years: [{ ...year, ratio: { numerator: 1, denominator: 2 } }] }],
    ['a flag', { years: [{ ...year, flags: [] }] }],
    ['an amount as text', { years: [{ ...year, total: '30' }] }],
    ['both', { years: [year], total: told(30, 2) }],
    ['no moment', { years: [year], asAtSequence: undefined }],
    ['a moment that is none', { years: [year], asAtSequence: null }],
    ['a moment after the end', { years: [year], asAtSequence: 3 }],
    ['years that run back', { from: '2024-25', years: [] }],
  ])('with %s is not what the events come to', (_what, parts) => {
    expect(proves(events, figure(2, parts)).verdict).toBe('tampered');
  });

  test('as at a moment before its measure was defined is nothing, and no more', () => {
    const nothing = { total: null, outcomes: 0, byBasis: {}, bounds: null, ratio: null };
    const early = (told: object) => ({ ...figure(-1, {}), ...told });
    const lines = events.map(leafLine);
    expect(proves(events, early({ total: nothing }), lines)).toMatchObject({ verdict: 'good' });
    const years = [{ financialYear: '2023-24', ...nothing }];
    expect(proves(events, early({ years }), lines)).toMatchObject({ verdict: 'good' });
    const more = [{ financialYear: '2023-24', ...told(10, 1) }];
    expect(proves(events, early({ years: more }), lines)).toMatchObject({ verdict: 'tampered' });
  });

  test('of a stock or of nothing is compared whole', () => {
    const one = { ...told(10, 1), byBasis: { modelled: 10 } };
    const parts = { years: [{ financialYear: '2023-24', ...one }] };
    expect(proves(stock, figure(2, parts)).faults[0]!.what).toMatch(/byBasis/);
    expect(proves(stock, annual(2, 10, 1)).faults).toEqual([]);
    const nothing = { total: null, outcomes: 0, byBasis: {}, bounds: null, ratio: null };
    const empty = (more: object) =>
      proves([flow], figure(0, { years: [{ financialYear: '2023-24', ...nothing, ...more }] })).verdict;
    expect([empty({}), empty({ bounds: { low: 5, high: 9 } }), empty({ byBasis: { counted: 5 } })]).toEqual([
      'good',
      'tampered',
      'tampered',
    ]);
  });

  test('of some of the events says that no more than these are shown', () => {
    const { limits } = proves(events, annual(2, 30, 2));
    expect(limits[0]).toMatch(/that no other event belongs to the figure/);
  });
});

describe('a scope', () => {
  test('of a period does not hide its events', () => {
    const lines = [subtreeLine(1, 0, rootOf(events.slice(0, 2))), leafLine(events[2]!)];
    const forged = bundleOf(events, { scope: { kind: 'period', after: -1, until: 2 } }, lines);
    expect(check(forged).faults[0]).toEqual({
      sequence: 0,
      what: matching(/events of the period are left out/),
    });
    const later = bundleOf(events, { scope: { kind: 'period', after: 0, until: 1 } }, [
      leafLine(events[0]!),
      leafLine(events[1]!),
      leafLine(events[2]!),
    ]);
    expect(check(later).faults).toEqual([{ sequence: 1, what: matching(/left out/) }]);
  });

  test('of a period without an event misses none', () => {
    for (const after of [0, 1, 2]) {
      const lines = [subtreeLine(1, 0, rootOf(events.slice(0, 2))), leafLine(events[2]!)];
      const empty = bundleOf(events, { scope: { kind: 'period', after, until: after } }, lines);
      expect(check(empty)).toMatchObject({ verdict: 'good', faults: [], events: 0 });
    }
  });

  test('of a period or a programme has no other events', () => {
    const period = bundleOf(events, { scope: { kind: 'period', after: 1, until: 2 } });
    expect(check(period).faults[0]!.what).toMatch(/is not of the period/);
    const programme = bundleOf(events, { scope: { kind: 'programme', programme: 'q' } });
    expect(check(programme).faults[0]!.what).toMatch(/is not of q/);
  });

  test.each([
    { kind: 'all' },
    { kind: 'everything', programme: 'p' },
    { kind: 'programme' },
    { kind: 'period', after: 0 },
    { kind: 'period', after: 0, until: 3 },
    { kind: 'figure' },
    {},
  ])('%j is none', (scope) => {
    expect(check(bundleOf(events, { scope })).verdict).toBe('tampered');
  });

  test('is told, and another than was asked for does not answer', () => {
    const programme = bundleOf(events.slice(0, 1), { scope: { kind: 'programme', programme: 'p' } });
    expect(check(programme, { expect: 'programme:p' })).toMatchObject({
      verdict: 'good',
      scope: { kind: 'programme', programme: 'p' },
    });
    for (const expected of ['everything', 'programme:q', 'figure', 'nonsense']) {
      expect(check(programme, { expect: expected })).toMatchObject({
        verdict: 'cannot tell',
        doubts: [`the bundle is of programme:p, not of ${expected}`],
      });
    }
  });
});

describe('a line', () => {
  const [, one] = events as [ForgedEvent, ForgedEvent];
  const withSecond = (line: string) =>
    check(bundleOf(events, EVERYTHING, [eventLine(flow), line, eventLine(events[2]!)])).verdict;

  test.each<[string, string]>([
    ['a quantity twice', eventLine(one).replace('"quantity":10', '"quantity":999,"quantity":10')],
    ['another subject', eventLine({ ...one, subject: 'x.1' } as ForgedEvent)],
    ['another source', eventLine({ ...one, source: 'urn:x' } as ForgedEvent)],
    ['a member more', eventLine({ ...one, note: 'x' } as ForgedEvent)],
    [
      'a clock that did not step back',
      eventLine({ ...one, clocksteppedback: false } as unknown as ForgedEvent),
    ],
    ['an actor in a list', eventLine({ ...one, actor: ['a'] } as unknown as ForgedEvent)],
    ['a revision as text', eventLine({ ...one, revision: '0' } as unknown as ForgedEvent)],
    ['white space', eventLine(one).replace(',', ', ')],
    ['nothing', 'null'],
    ['a list', '[]'],
  ])('that has %s is no ledger’s', (_what, line) => {
    expect(withSecond(eventLine(one))).toBe('good');
    expect(withSecond(line)).toBe('tampered');
  });

  test('that is hostile at the head loses no fault that was found', () => {
    const evil = eventLine({ ...one, actor: 'evil' }, rootOf([one]));
    const lines = bundleOf(events, { ...EVERYTHING, figure: { measure: 'jobs', years: 5 } }, [
      eventLine(flow),
      evil,
      eventLine(events[2]!),
    ]);
    expect(check(lines)).toMatchObject({ verdict: 'tampered' });
    const hostile = (change: (header: Record<string, unknown>) => void) => {
      const [head, ...rest] = bundleOf(events, EVERYTHING);
      const header = JSON.parse(head!) as Record<string, unknown>;
      change(header);
      return check([JSON.stringify(header), ...rest]).verdict;
    };
    expect(hostile((header) => void (header['size'] = 'x'))).toBe('tampered');
    expect(hostile((header) => void (header['size'] = 2.5))).toBe('tampered');
    expect(hostile((header) => void (header['keys'] = 7))).toBe('tampered');
    expect(hostile((header) => void (header['keys'] = ['x']))).toBe('tampered');
    expect(hostile((header) => void (header['keys'] = []))).toBe('tampered');
  });
});

test('streams beyond what memory holds leave their revisions open', () => {
  expect(check(bundleOf(events, EVERYTHING), { streamsMax: 2 })).toMatchObject({
    verdict: 'cannot tell',
    doubts: [matching(/over 2 streams/)],
  });
});

function day(date: string) {
  return { from: date, to: date };
}
