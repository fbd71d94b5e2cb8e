/**
 * Worker threads run compiled code: Node cannot load TypeScript into them. Compiled code has its neighbours
 * beside it; the tests, which run from the source, build `dist/` first.
 */
import { resolve } from 'node:path';

export function compiled(path: string): string {
  return resolve(__dirname, __filename.endsWith('.ts') ? '../../dist' : '..', path);
}
