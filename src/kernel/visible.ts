/**
 * A text that others wrote, made fit for a line of ours: it stays on one line, and what cannot be seen, or would move
 * or colour what stands around it, is shown by its code point (Unicode categories Cc, Cf, Zl, Zp and blank letters).
 */
export function visible(text: string): string {
  return text.replaceAll(new RegExp(HIDDEN, 'gu'), (character) => {
    if (character === '\n') return '\\n';
    return character === '\t' ? ' ' : `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

export const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
