/** What holds the event loop is done in turns: in order, each once, and never all at once. */
import { expect, test } from '@jest/globals';
import { asking, AskerGone, ownTurn, type Asker } from '../../src/kernel/turns.js';

/** How often the loop has come round, while it is counted. */
class LoopTurns {
  count = 0;
  private isOver = false;

  constructor() {
    const next = () => {
      this.count++;
      if (!this.isOver) setImmediate(next);
    };
    setImmediate(next);
  }

  stop(): void {
    this.isOver = true;
  }
}

function holdTheLoop(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

test('between two pieces that take long, the loop serves everyone else', async () => {
  const loop = new LoopTurns();
  const turns = await Promise.all(
    Array.from({ length: 10 }, async () => {
      await ownTurn();
      holdTheLoop(6);
      return loop.count;
    }),
  );
  loop.stop();
  expect(new Set(turns).size).toBe(10);
});

test('pieces come in the order in which they were asked for, each once, whenever that was', async () => {
  const done: string[] = [];
  const piecesOf = async (name: string) => {
    for (let piece = 0; piece < 5; piece++) {
      await ownTurn();
      done.push(`${name}${piece}`);
    }
  };
  await Promise.all([piecesOf('a'), piecesOf('b'), ownTurn().then(() => piecesOf('c'))]);
  expect(done.filter((piece) => !piece.startsWith('c'))).toEqual(
    [0, 1, 2, 3, 4].flatMap((piece) => [`a${piece}`, `b${piece}`]),
  );
  expect(done.filter((piece) => piece.startsWith('c'))).toEqual(['c0', 'c1', 'c2', 'c3', 'c4']);
});

test('a piece that fails keeps nobody else from theirs', async () => {
  const failing = ownTurn().then(() => {
    throw new Error('no such page');
  });
  await expect(Promise.all([failing, ownTurn()])).rejects.toThrow('no such page');
  await ownTurn();
});

const ONE = { actor: 'key:a', hasGone: () => false };
const OTHER = { actor: 'key:b', hasGone: () => false };

test('M7: callers take turns, however many pieces one of them asks for', async () => {
  const done: string[] = [];
  const piece = (of: Asker) => asking.run(of, () => ownTurn().then(() => done.push(of.actor)));
  await Promise.all([
    ...Array.from({ length: 50 }, () => piece(ONE)),
    ...Array.from({ length: 3 }, () => piece(OTHER)),
  ]);
  expect(done.lastIndexOf(OTHER.actor)).toBe(5);
  expect(done).toHaveLength(53);
});

test('H1: work whose caller has gone ends at its next turn, and keeps nobody else from theirs', async () => {
  let [pieces, gone] = [0, false];
  const working = asking.run({ actor: 'key:a', hasGone: () => gone }, async () => {
    for (;;) {
      await ownTurn();
      gone = ++pieces === 3;
    }
  });
  await expect(working).rejects.toThrow(AskerGone);
  expect(pieces).toBe(3);
  await asking.run(OTHER, () => ownTurn());
});
