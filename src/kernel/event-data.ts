/**
 * The data of an event have two parts (docs/adr/0016-facts-and-words.md).
 *
 * Figures, rights and orders follow from the `facts`: ids, quantities, periods, names, hashes of evidence. They stay
 * for ever. The `words` are free text: titles, addresses, notes, reasons, descriptions. A lawful order may erase them,
 * and no figure changes. Each part has its own salt and hash, so that the facts can be verified when the words are
 * gone. An event without words has no such member.
 */
import { makeSalt, saltedHash } from './canonical-json.js';

export type Members = Readonly<Record<string, unknown>>;

export interface EventData<Facts extends object = Members, Words extends object = Members> {
  readonly facts: Facts;
  readonly words?: Words;
}

export interface DomainEvent<
  Schema extends string,
  Type extends string,
  Facts extends object,
  Words extends object,
> {
  readonly schema: Schema;
  readonly type: Type;
  readonly data: EventData<Facts, Words>;
}

/**
 * Salts are 16 random bytes as base64url; hashes are SHA-256(salt ‖ RFC 8785 canonical JSON of the part), hexadecimal.
 */
export interface Seals {
  readonly factsSalt: string;
  readonly factsHash: string;
  /** Erased words lose their salt too: nobody can then guess them from their hash. */
  readonly wordsSalt?: string | undefined;
  readonly wordsHash?: string | undefined;
}

export function eventData<Facts extends object, Words extends object>(
  facts: Facts,
  words: Words,
): EventData<Facts, Words> {
  return Object.values(words).every((word) => word === undefined) ? { facts } : { facts, words };
}

/** The canonical JSON of each part, which is what is hashed with its salt. */
export interface PartTexts {
  readonly facts: string;
  readonly words: string | undefined;
}

/** Parts that were parsed of canonical JSON are written in the same way by `JSON.stringify`. */
export const partTexts = ({ facts, words }: EventData): PartTexts => ({
  facts: JSON.stringify(facts),
  words: words && JSON.stringify(words),
});

export function sealsOf(parts: PartTexts): Seals {
  const factsSalt = makeSalt();
  const factsHash = saltedHash(factsSalt, parts.facts);
  if (parts.words === undefined) return { factsSalt, factsHash };
  const wordsSalt = makeSalt();
  return { factsSalt, factsHash, wordsSalt, wordsHash: saltedHash(wordsSalt, parts.words) };
}

export const areWordsGone = ({ wordsSalt, wordsHash }: Pick<Seals, 'wordsSalt' | 'wordsHash'>): boolean =>
  wordsHash !== undefined && wordsSalt === undefined;

/**
 * Says why the parts of an event are not those that were sealed; null where they are. Words that are gone pass here: an
 * erasure must explain them.
 */
export function sealFault({ facts, words }: PartTexts, seals: Seals): string | null {
  const { factsSalt, factsHash, wordsSalt, wordsHash } = seals;
  const actual = saltedHash(factsSalt, facts);
  if (actual !== factsHash) return `the facts have the hash ${actual}, but ${factsHash} was recorded`;
  if (wordsHash === undefined || wordsSalt === undefined || words === undefined) {
    const areAbsent = words === undefined && wordsSalt === undefined;
    return areAbsent ? null : 'the words, their salt and their hash do not stand together';
  }
  const ofWords = saltedHash(wordsSalt, words);
  return ofWords === wordsHash ? null : `the words have the hash ${ofWords}, but ${wordsHash} was recorded`;
}
