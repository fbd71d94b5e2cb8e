/**
 * What looks like personal data, and what does not. The numbers are made up: 943 476 5919 is the example of the NHS
 * Data Model and Dictionary, and no number here is known to have been given to anyone.
 */
import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { isNhsNumber, personalDataIn } from '../../src/kernel/personal-data.js';

const NHS = 'an NHS number';
const EMAIL = 'an e-mail address';
const POSTCODE = 'a postcode with a name';

describe('an NHS number is seen', () => {
  test.each([
    '9434765919',
    '943 476 5919',
    '943-476-5919',
    '943 - 476 - 5919',
    '943  476  5919',
    '943\u2011476\u20115919',
    '943–476–5919',
    '943\u00a0476\u00a05919',
    '943\t476\t5919',
    '９４３４７６５９１９',
    '943\u200b4765919',
    'seen at clinic, 943 476 5919, discharged',
    'NHS number: 9434765919.',
    'NHS9434765919',
    'nhsno9434765919',
    'NHS-943-476-5919',
    '(9434765919)',
    'letter_9434765919.pdf',
    'on ward 3 943 476 5919 was seen',
    '9434765881,9434765919',
    '9434765919/9434765881',
    'ended 2023-06-30 9434765919',
    'Telephone patient 943 476 5919 again',
    '943 476 5919 patients',
    'https://example.org/search?nhs=9434765919',
    'https://example.org/search?nhs=943%20476%205919',
    'https://example.org/#9434765919',
    'https://example.org/fhir/Patient/9434765919',
    'urn:nhs:9434765919',
    'first line\n9434765919\nlast line',
    'order 9434765919',
  ])('in %j', (text) => expect(personalDataIn(text)).toEqual([NHS]));
});

describe('no NHS number is seen', () => {
  test.each([
    ['a number that fails the check', '9434765918'],
    ['an order number that fails the check, in groups', 'order 943-476-5918'],
    ['a number whose check digit would be 10', '1000000010'],
    ['nine digits', '943476591'],
    ['eleven digits', '94347659190'],
    ['a longer number, before', '19434765919'],
    ['a decimal number', '9434765919.25'],
    ['the decimals of a number', '0.9434765919'],
    ['a longer number with hyphens', '12-943-476-5919'],
    ['groups of another size', '9434 765 919'],
    ['thousands, with commas', '9,434,765,919'],
    ['lines of a column', '943\n476\n5919'],
    ['an amount', '£9434765919 leveraged'],
    ['an amount with its code', 'GBP 9434765919'],
    ['an amount in pence', '9434765919 pence'],
    ['a count of things', '9434765919 views in the period'],
    ['a telephone number', 'Tel: 943 476 5919'],
    ['a telephone number in a sentence', 'or call us on 943-476-5919'],
    ['a telephone number with its country', '+44 943 476 5919'],
    ['a telephone number with its country and a nought', '+44 (0)943 476 5919'],
    ['a telephone number with two noughts', '0044 9434765919'],
    ['a telephone number of eleven digits', '020 7946 0018'],
    ['an ISBN, whose check is the same', 'ISBN 9434765919'],
    ['an ISBN with its length', 'ISBN-10: 9434765919'],
    ['an ISBN of thirteen digits', '978-9434765919'],
    ['a DOI', 'doi:10.1000/9434765919'],
    ['a DOI as an address', 'https://doi.org/10.1000/9434765919'],
    ['an id in an address', 'https://example.org/returns/9434765919/pages'],
    ['an id in an address without its scheme', 'www.example.org/returns/9434765919'],
    ['an id in a path', 'moved to /returns/9434765919'],
    ['a code with letters before', 'PO9434765919'],
    ['a code with letters after', '9434765919GB'],
    ['a UUID', '94347659-1900-4943-8476-591900000000'],
    ['a SHA-256', 'ab9434765919cdef0123456789abcdef0123456789abcdef0123456789abcdef'],
    ['a date', '2023-04-01 to 2023-06-30'],
    ['an instant', '2023-04-01T09:30:00.000Z'],
    ['a number of a bank card', '4929 4347 6591 9123'],
  ])('in %s', (_what, text) => expect(personalDataIn(text)).toEqual([]));
});

describe('an e-mail address is seen', () => {
  test.each([
    'someone@example.org',
    'ask <someone.else+ledger@mail.example.org>.',
    'mailto:someone@example.org',
    'https://example.org/?to=someone%40example.org',
    'SOMEONE@EXAMPLE.ORG',
    'jemand@bücher.example',
  ])('in %j', (text) => expect(personalDataIn(text)).toEqual([EMAIL]));
  test.each(['12 @ £5.00', '@example on social media', 'a@b', 'seen @clinic', 'https://example.org/@handle'])(
    'but not in %j',
    (text) => expect(personalDataIn(text)).toEqual([]),
  );
});

describe('a postcode with a name is seen', () => {
  test.each([
    'Mrs Placeholder, SW1A 1AA',
    'Dr. Placeholder of M1 1AE',
    'Jane Placeholder, 4 High Street, LS1 4AP',
    'JANE PLACEHOLDER SW1A1AA',
    'PLACEHOLDER, Jane, SW1A 1AA',
    'visited J. Placeholder at sw1a 1aa',
    'J Placeholder, SW1A 1AA',
    'Jane Q Placeholder (EC1A 1BB)',
    'patient: Placeholder, B33 8TH',
    'the patient Placeholder Example lives at CR2 6XH',
    'SW1A 1AA\nseen by nobody\nJane Placeholder',
  ])('in %j', (text) => expect(personalDataIn(text)).toEqual([POSTCODE]));

  test.each([
    ['a postcode as a place', 'the clinic at SW1A 1AA'],
    ['a building called after a person', 'Jane Placeholder Hospital, SW1A 1AA'],
    ['a surgery called after its doctor', 'Dr Placeholder’s Surgery, LE1 1AA'],
    ['a body in its park', 'Health Innovation Wessex, Southampton Science Park, SO16 7NS'],
    ['a town of two words', 'Milton Keynes, MK9 3XS'],
    ['a name without a postcode', 'Jane Placeholder signed it off on 1 May'],
    ['a title without a name', 'the Dr at SW1A 1AA'],
    ['an article before a word', 'A Visit to SW1A 1AA'],
    ['a letter in a name of something', 'Vitamin D Clinics, SW1A 1AA'],
    ['an area that there is not', 'Jane Placeholder, QQ1 1AA'],
    ['a dose, after a name', 'Jane Placeholder: B12 5ML'],
    ['an ordinal after a code', 'Jane Placeholder, ward S1 1st floor'],
  ])('but not in %s', (_what, text) => expect(personalDataIn(text)).toEqual([]));
});

test('all kinds of a text are told', () => {
  expect(personalDataIn('Jane Placeholder, SW1A 1AA, 943 476 5919, jane@example.org')).toEqual([
    NHS,
    EMAIL,
    POSTCODE,
  ]);
});

describe('the Modulus 11 check', () => {
  const nine = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 9, maxLength: 9 });
  /** From the definition: weights of 10 to 2, and the tenth digit makes the whole a multiple of 11. */
  const checkDigits = (digits: readonly number[]) =>
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter(
      (last) => [...digits, last].reduce((sum, digit, place) => sum + digit * (10 - place), 0) % 11 === 0,
    );

  const surroundings = fc.constantFrom('', ' ', 'seen: ', '(', 'NHS no. ', 'ward 3, ', '“', 'line\n');
  const ends = fc.constantFrom('', ' ', '.', ',', ')', '”', ' was seen', '\nline', '; 2 visits');
  const gaps = fc.constantFrom('', ' ', '-', '\u2011', '–', '\u00a0', '  ', ' - ', '\t', '\u2009');
  const written = (digits: readonly number[], last: number, gap: string) => {
    const text = [...digits, last].join('');
    return [text.slice(0, 3), text.slice(3, 6), text.slice(6)].join(gap);
  };

  test('finds every valid number in every common spacing, wherever it stands in a text', () => {
    fc.assert(
      fc.property(nine, surroundings, gaps, ends, (digits, before, gap, after) => {
        for (const last of checkDigits(digits)) {
          expect(personalDataIn(before + written(digits, last, gap) + after)).toContain(NHS);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('finds no number with another last digit', () => {
    fc.assert(
      fc.property(nine, surroundings, gaps, ends, (digits, before, gap, after) => {
        const valid = checkDigits(digits);
        for (let last = 0; last <= 9; last++) {
          if (valid.includes(last)) continue;
          expect(isNhsNumber([...digits, last].join(''))).toBe(false);
          expect(personalDataIn(before + written(digits, last, gap) + after)).not.toContain(NHS);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('finds none in the hexadecimal digits of a hash or a UUID', () => {
    const hexadecimal = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(hexadecimal, fc.uuid(), (digits, uuid) => {
        expect(personalDataIn(`${digits.join('')} ${uuid}`)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** A pattern that took time in the square of the length would take hours for a megabyte, and this test minutes. */
describe('a megabyte is looked through in time that is linear in its length', () => {
  test.each([
    ['letters', 'a'],
    ['digits', '9'],
    ['digits in groups', '943 476 591 '],
    ['valid numbers that are something else', '£9434765919 '],
    ['digits and hyphens', '1-'],
    ['digits and spaces', '1         '],
    ['spaces', ' '],
    ['at signs', 'a@'],
    ['domains without an end', 'a@b.c.d.'],
    ['dots', 'a.'],
    ['schemes', 'http://'],
    ['slashes', 'a/ /'],
    ['escapes', '%4'],
    ['whole escapes', '%40'],
    ['escapes that are no UTF-8', '%ff'],
    ['postcodes and capitals', 'SW1A 1AA Xx '],
    ['capitals', 'Jane '],
    ['initials', 'A. '],
    ['marks', 'é\u0301'],
    ['a ligature that becomes eighteen characters', '\ufdfa'],
  ])('of %s', (_what, piece) => {
    const text = `1@${piece.repeat(Math.ceil(1_000_000 / piece.length))}!`;
    expect(personalDataIn(text).length).toBeLessThanOrEqual(3);
  });
});

test('H2: no character that stands for whole words makes a text longer before it is looked at', () => {
  const spy = jest.spyOn(String.prototype, 'normalize');
  for (let code = 0x80; code < 0x1_0000; code++)
    expect(personalDataIn(`SW1A 1AA ${String.fromCharCode(code).repeat(200)} Mr Placeholder`)).toEqual([
      POSTCODE,
    ]);
  const lengths = spy.mock.results.map(
    ({ value }, call) => (value as string).length / String(spy.mock.contexts[call]).length,
  );
  spy.mockRestore();
  expect(lengths.length).toBeGreaterThan(60_000);
  expect(Math.max(...lengths)).toBeLessThan(6);
});
