/**
 * An event's data in its two parts (docs/adr/0016-facts-and-words.md).
 *
 * `facts` are whatever a figure, a right or an order follows from: ids, quantities, periods, names, hashes of
 * evidence. They stay for ever. `words` are free text: titles, addresses, notes, reasons, descriptions. A lawful order
 * may take them away, and no figure changes with them. Each part has a salt and a hash of its own, so that the facts
 * can be verified when the words are gone. An event without words has no such member.
 */
import { makeSalt, saltedHash } from './canonical-json.js';

export type Members = Readonly<Record<string, unknown>>;

export interface EventData<Facts extends object = Members, Words extends object = Members> {
  readonly facts: Facts;
  readonly words?: Words;
}

/** The salts, 16 random bytes as base64url, and the hashes of an event's two parts. */
export interface Seals {
  readonly factsSalt: string;
  /** SHA-256(salt ‖ RFC 8785 canonical JSON of the facts), hexadecimal. */
  readonly factsHash: string;
  /**
   * The salt is absent where the event has no words, and once they were erased: then nobody can guess them from
   * their hash.
   */
  readonly wordsSalt?: string;
  /** The hash is absent where the event never had words. */
  readonly wordsHash?: string;
}

/** Words that hold nothing are left out. */
export function eventData<Facts extends object, Words extends object>(
  facts: Facts,
  words: Words,
): EventData<Facts, Words> {
  return Object.values(words).every((word) => word === undefined) ? { facts } : { facts, words };
}

/** @param parts canonical JSON of each part */
export function sealsOf(parts: { readonly facts: string; readonly words: string | undefined }): Seals {
  const factsSalt = makeSalt();
  const sealed = { factsSalt, factsHash: saltedHash(factsSalt, parts.facts) };
  if (parts.words === undefined) return sealed;
  const wordsSalt = makeSalt();
  return { ...sealed, wordsSalt, wordsHash: saltedHash(wordsSalt, parts.words) };
}

/** Whether an event had words that are gone. */
export const areWordsGone = ({ wordsSalt, wordsHash }: Pick<Seals, 'wordsSalt' | 'wordsHash'>): boolean =>
  wordsHash !== undefined && wordsSalt === undefined;

/**
 * In words, why the parts of an event are not those that were sealed; null where they are. Words that are gone fit: it
 * is for an erasure to say why they are. Stored parts are canonical, so `JSON.stringify` gives the text that was hashed.
 */
export function sealFault({ facts, words }: EventData, seals: Seals): string | null {
  const { factsSalt, factsHash, wordsSalt, wordsHash } = seals;
  const actual = saltedHash(factsSalt, JSON.stringify(facts));
  if (actual !== factsHash) return `the facts have the hash ${actual}, but ${factsHash} was recorded`;
  if (wordsHash === undefined || wordsSalt === undefined || words === undefined) {
    const areAbsent = words === undefined && wordsSalt === undefined;
    return areAbsent ? null : 'the words, their salt and their hash do not stand together';
  }
  const ofWords = saltedHash(wordsSalt, JSON.stringify(words));
  return ofWords === wordsHash ? null : `the words have the hash ${ofWords}, but ${wordsHash} was recorded`;
}
