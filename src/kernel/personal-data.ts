/**
 * Decides whether a text looks as if it held personal data: an NHS number, an e-mail address, or a UK postcode together
 * with a person's name. A record stays for ever, so such a text is refused before it is written.
 * - **NHS number**: ten digits, undivided or in groups of 3, 3 and 4 with a space or a hyphen between them, whose last
 *   digit is the Modulus 11 check of the others (NHS Data Model and Dictionary, attribute NHS NUMBER). One in eleven of
 *   all ten-digit numbers passes the check, so the words around it count: amounts, counts, telephone numbers, ISBNs
 *   (whose old form has the same check), DOIs, ids in the path of an address, and digits of a longer number, code or
 *   hash are no NHS numbers. A path that names a patient, such as `/Patient/…` of the NHS's own interfaces, is no
 *   exception.
 * - **E-mail address**: an `@` between a name and a domain with a dot, RFC 5321 without its quoted forms.
 * - **Postcode with a name**: a postcode of an area that exists (Office for National Statistics) in a text that also
 *   names a person (person-name.ts). A postcode alone is a place, and a name alone may be an author's.
 *
 * The rules miss numbers in words or in other groups, addresses written "name at domain", rare names without a title,
 * dates of birth, and data spread over two fields. They guard against slips, and do not prove a text harmless.
 *
 * Every pattern looks at a bounded stretch from each place, so that time is linear in the length of the text. Tests:
 * test/unit/personal-data.test.ts.
 */
import { namesPerson } from './person-name.js';

export type PersonalData = 'an NHS number' | 'an e-mail address' | 'a postcode with a name';

export function personalDataIn(text: string): readonly PersonalData[] {
  // All three kinds contain a digit or an @.
  if (!/[@%\d]|[^\p{ASCII}]/u.test(text)) return [];
  const plain = plainly(text);
  const found: PersonalData[] = [];
  if (hasNhsNumber(plain)) found.push('an NHS number');
  if (plain.includes('@') && EMAIL.test(plain)) found.push('an e-mail address');
  if (hasPostcode(plain) && namesPerson(plain)) found.push('a postcode with a name');
  return found;
}

/** Makes digits and spaces of all kinds plain, drops invisible characters, and decodes escapes such as `%40`. */
function plainly(text: string): string {
  const decoded = text.includes('%') ? text.replaceAll(/(?:%[0-9a-f]{2})+/gi, percentDecoded) : text;
  if (/^\p{ASCII}*$/u.test(decoded)) return decoded;
  return decoded
    .replaceAll(WHOLE_WORDS, ' ')
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/\p{Pd}|−/gu, '-');
}

/**
 * Each of these characters stands for whole words, in Arabic or in kana, and U+FDFA for eighteen letters. None has a
 * digit or a Latin letter, and with them a text would be many times as long when it is normalised.
 */
const WHOLE_WORDS = /[\u3300-\u3357\ufdf0-\ufdfc]/g;

function percentDecoded(escapes: string): string {
  try {
    return decodeURIComponent(escapes);
  } catch {
    return escapes;
  }
}

const GAP = String.raw`[^\S\n]{0,2}(?:-[^\S\n]{0,2})?`;
const TEN_DIGITS = new RegExp(
  // The digits are no part of a longer number, a decimal number, a code with hyphens, or a reference.
  String.raw`(?<!\d|\d[-./])(\d{3})(${GAP})(\d{3})(${GAP})(\d{4})(?![\p{L}\d]|[-.]\d)`,
  'gu',
);

function hasNhsNumber(text: string): boolean {
  if (!/\d[\d\s-]{8,18}\d/.test(text)) return false;
  const searched = withoutReferences(text);
  for (const match of searched.matchAll(TEN_DIGITS)) {
    const [whole, first, gap, second, otherGap, third] = match as unknown as readonly [
      string,
      ...[string, string, string, string, string],
    ];
    if (!isNhsNumber(first + second + third)) continue;
    const end = match.index + whole.length;
    const before = searched.slice(Math.max(0, match.index - CONTEXT), match.index);
    const after = searched.slice(end, end + CONTEXT);
    if (!isAnotherNumber(before, after, gap === '' && otherGap === '')) return true;
  }
  return false;
}

/**
 * The Modulus 11 check: each of the first nine digits times its weight, from 10 down to 2; what the sum lacks to a
 * multiple of 11 is the tenth digit, where 11 counts as 0. A number that would need 10 is never issued.
 */
export function isNhsNumber(tenDigits: string): boolean {
  let sum = 0;
  for (let place = 0; place < 9; place++) sum += Number(tenDigits[place]) * (10 - place);
  const check = (11 - (sum % 11)) % 11;
  return check === Number(tenDigits[9]);
}

const CONTEXT = 40;

const AFTER_LETTERS = /[\p{L}\p{M}]$/u;
const AFTER_NHS = /(?<!\p{L})nhs(?:no|nr|num|number)?$/iu;
const AFTER_MONEY = /(?:\p{Sc}|(?<!\p{L})(?:GBP|EUR|USD))\s?$/u;
const AFTER_ISBN = /(?<!\p{L})isbn(?:[- ]?1[03])?[:#\s]{0,3}$/iu;
const AFTER_TELEPHONE =
  /(?<!\p{L})(?:tel|telephone|phone|mobile|mob|fax|helpline|hotline|call|ring)(?:\s(?:no|number|us|on|at)){0,2}[.:\s]{0,3}\(?$/iu;
const AFTER_COUNTRY_CODE = /(?:\+|(?<!\d)00)\d{1,3}\)?[-.\s]?(?:\(0\)\s?)?\(?$/u;
const BEFORE_UNIT =
  /^\s?(?:%|(?:p|pence|pounds?|euros?|dollars?|people|patients|persons|residents|staff|jobs|tests|items|units|doses|visits|appointments|prescriptions|views|downloads|hours|minutes|seconds|bytes|tonnes|kg|mg|km|miles)(?![\p{L}\d]))/iu;

/** Ten undivided digits may be an amount; digits in groups of 3, 3 and 4 are not. */
function isAnotherNumber(before: string, after: string, undivided: boolean): boolean {
  if (AFTER_LETTERS.test(before)) return !AFTER_NHS.test(before);
  if (AFTER_TELEPHONE.test(before) || AFTER_COUNTRY_CODE.test(before)) return true;
  if (AFTER_ISBN.test(before) || AFTER_MONEY.test(before)) return true;
  return undivided && BEFORE_UNIT.test(after);
}

/** Addresses up to their query or fragment, with or without a scheme or a host; and DOIs. */
const REFERENCE =
  /(?<![\w.-])(?:[a-z][a-z0-9+.-]{1,30}:\/\/[^\s?#]*|(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\/[^\s?#]*|10\.\d{4,9}\/\S+)|(?<![^\s(])\/[^\s?#]*/giu;
const PATIENT_PATH = /\/(?:patients?|persons?|nhs[-_]?(?:no|number)?)\/\d{10}(?!\d)/giu;

/** Removes addresses and DOIs from a text, but keeps the ids of patients in them. */
function withoutReferences(text: string): string {
  if (!text.includes('/')) return text;
  return text.replaceAll(REFERENCE, (reference) => ` ${(reference.match(PATIENT_PATH) ?? []).join(' ')} `);
}

const EMAIL = /(?<=[\p{L}\p{N}_%+'-])@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})\.){1,8}\p{L}{2,63}/u;

const AREAS = new Set(
  (
    'AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY ' +
    'G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR ' +
    'NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA ' +
    'WC WD WF WN WR WS WV YO ZE'
  ).split(' '),
);
/** The last three characters never have C, I, K, M, O or V. */
const POSTCODE =
  /(?<![\p{L}\p{N}])([a-z]{1,2})\d[a-z\d]?[^\S\n]{0,2}\d([abd-hjlnp-uw-z]{2})(?![\p{L}\p{N}])/giu;

/** Most texts have no digits and letters like those of a postcode. */
const LIKE_A_POSTCODE = /\d[^\S\n]{0,2}\d[a-z]{2}|\d[a-z][^\S\n]{0,2}\d[a-z]{2}/i;

function hasPostcode(text: string): boolean {
  if (!LIKE_A_POSTCODE.test(text)) return false;
  for (const [, area, lastLetters] of text.matchAll(POSTCODE)) {
    // "S1 1st" is an ordinal after a code, and no postcode.
    if (AREAS.has(area!.toUpperCase()) && !/^(?:st|nd|rd|th)$/.test(lastLetters!)) return true;
  }
  return false;
}
