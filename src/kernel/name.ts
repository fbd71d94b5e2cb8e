/** A name, a label or a unit is kept and compared in Normalization Form C (UAX #15), without blanks at its ends. */
export function parseName(text: string): string {
  return text.normalize('NFC').trim();
}
