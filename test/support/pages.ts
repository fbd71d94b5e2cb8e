/**
 * The pages that people read: their commands, the answers shown below them, and where their links lead.
 *
 * A shown answer stands for a real one by these rules:
 * - JSON: fields may be left out; every field that is shown must be there. `"…"` stands for any value, a text
 * with `…` in it for any text around the rest, and `"…"` at the end of a list for more of the same. Sequences and
 * times differ from ledger to ledger: they only have to be there.
 * - Text: each line that is shown must be there, in this order, however wide its columns are; `…` stands for
 * anything in a line.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../..');

export interface Shown {
  readonly language: 'json' | 'text';
  readonly text: string;
}

/** A block of commands, with the answer that is shown directly below it. */
export interface Commands {
  readonly line: number;
  readonly text: string;
  readonly shown: Shown | null;
  /** The words of an HTML comment directly above, which says that something else runs the block. */
  readonly mark: string | null;
  /** The heading of the second level above the block. */
  readonly section: string;
}

interface Block {
  readonly language: string;
  readonly line: number;
  readonly text: string;
  readonly mark: string | null;
  readonly section: string;
  /** Tells whether only blank lines lie between this block and the one before. */
  readonly follows: boolean;
}

/** README.md and the pages in docs/; with `deep` also those in its directories. */
export function pages({ deep = false } = {}): string[] {
  const names = readdirSync(join(ROOT, 'docs'), { recursive: deep }).map(String).sort();
  return ['README.md', ...names.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

export function languagesOf(page: string): string[] {
  return [...new Set(blocksOf(readPage(page)).map(({ language }) => language))];
}

export function commandsOf(page: string): Commands[] {
  const blocks = blocksOf(readPage(page));
  return blocks.flatMap(({ language, line, text, mark, section }, index) => {
    if (language !== 'sh') return [];
    const shown = shownIn(blocks[index + 1]);
    return [{ line, text, shown, mark, section }];
  });
}

function shownIn(next: Block | undefined): Shown | null {
  if (!next?.follows) return null;
  const { language, text } = next;
  return language === 'json' || language === 'text' ? { language, text } : null;
}

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let [section, mark, follows] = ['', null as string | null, false];
  const lines = markdown.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const fence = /^(\s*)(`{3,})\s*(\S*)/.exec(line);
    if (fence) {
      const end = lines.findIndex((other, at) => at > index && other.trim() === fence[2]);
      if (end < 0) throw new Error(`the block that begins on line ${index + 1} does not end`);
      const text = lines.slice(index + 1, end).join('\n');
      blocks.push({ language: fence[3]!, line: index + 1, text, mark, section, follows });
      [mark, follows, index] = [null, true, end];
    } else if (line.trim() !== '') {
      mark = /^<!--\s*(.*?)\s*-->$/.exec(line)?.[1] ?? null;
      section = /^## (.*)/.exec(line)?.[1] ?? section;
      follows = false;
    }
  }
  return blocks;
}

/** The differences between a real answer and the shown one; none where they agree. */
export function differences({ language, text }: Shown, actual: string): string[] {
  if (language === 'text') return textDifferences(text, actual);
  let answer: unknown;
  try {
    answer = JSON.parse(actual);
  } catch {
    return [`the answer is not JSON: ${actual}`];
  }
  return jsonDifferences(JSON.parse(text), answer, '');
}

const VOLATILE = ['sequence', 'ledgersequence', 'asAt', 'recordedAt', 'time', 'ledgertime'];

function jsonDifferences(shown: unknown, actual: unknown, at: string): string[] {
  if (shown === '…') return [];
  if (Array.isArray(shown) && Array.isArray(actual)) {
    const open = shown.at(-1) === '…';
    const items: unknown[] = open ? shown.slice(0, -1) : shown;
    if (open ? actual.length < items.length : actual.length !== items.length) {
      return [`${at}: ${items.length} are shown, there are ${actual.length}`];
    }
    return items.flatMap((item, index) => jsonDifferences(item, actual[index], `${at}/${index}`));
  }
  if (isObject(shown) && isObject(actual)) {
    return Object.entries(shown).flatMap(([name, value]) => {
      const real = actual[name];
      if (VOLATILE.includes(name) && typeof value === typeof real) return [];
      return jsonDifferences(value, real, `${at}/${name}`);
    });
  }
  if (typeof shown === 'string' && typeof actual === 'string' && wildcard(shown).test(actual)) return [];
  return shown === actual
    ? []
    : [`${at}: ${JSON.stringify(shown)} is shown, ${JSON.stringify(actual)} is there`];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textDifferences(shown: string, actual: string): string[] {
  const linesOf = (text: string) => text.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
  let rest = linesOf(actual);
  for (const line of linesOf(shown)) {
    if (line === '') continue;
    const found = rest.findIndex((other) => wildcard(line).test(other));
    if (found < 0) return [`“${line}” is not in the rest of the answer:\n${rest.join('\n')}`];
    rest = rest.slice(found + 1);
  }
  return [];
}

function wildcard(text: string): RegExp {
  const literal = (part: string) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${text.split('…').map(literal).join('.*')}$`, 's');
}

/** The relative links of a page whose targets do not exist. */
export function brokenLinks(page: string): string[] {
  const prose = readPage(page).replaceAll(/^(\s*)```[^]*?^\s*```$/gm, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  return targets.filter((target) => {
    if (/^[a-z]+:/i.test(target)) return false;
    const [path, anchor] = target.split('#') as [string, string?];
    const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
    if (!existsSync(file)) return true;
    return anchor !== undefined && !anchorsOf(relative(ROOT, file)).includes(anchor);
  });
}

/** The anchors that GitHub makes of headings. */
function anchorsOf(page: string): string[] {
  const headings = readPage(page).match(/^#{1,6} .*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
