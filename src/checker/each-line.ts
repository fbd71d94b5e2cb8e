/**
 * Reads the lines of a file as bytes. Memory grows with the longest line, and not with the file.
 *
 * Only a newline ends a line: other characters that node:readline takes for the end of a line may stand within JSON.
 */
import { closeSync, openSync, readSync } from 'node:fs';

const READ_BYTES = 2 ** 18;
const NEWLINE = 0x0a;

/**
 * @param take gets the bytes, where a line that is not empty begins, and where its newline stands; the bytes are reused
 * when it returns. `isWhole` is false for a last line without a newline
 */
export function eachLine(
  file: string,
  take: (bytes: Buffer, start: number, end: number, isWhole: boolean) => void,
): void {
  const descriptor = openSync(file, 'r');
  try {
    let bytes = Buffer.alloc(READ_BYTES);
    // The bytes begin with the `kept` bytes of a line whose end was not read yet.
    for (let kept = 0; ;) {
      if (kept === bytes.length) bytes = Buffer.concat([bytes], 2 * bytes.length);
      const read = readSync(descriptor, bytes, kept, bytes.length - kept, null);
      // The last line may have no newline.
      if (read === 0 && kept > 0) bytes[kept] = NEWLINE;
      const filled = read === 0 && kept > 0 ? kept + 1 : kept + read;
      let start = 0;
      for (let end; (end = bytes.indexOf(NEWLINE, start)) >= 0 && end < filled; start = end + 1) {
        if (end > start) take(bytes, start, end, read > 0);
      }
      if (read === 0) return;
      bytes.copyWithin(0, start, filled);
      kept = filled - start;
    }
  } finally {
    closeSync(descriptor);
  }
}
