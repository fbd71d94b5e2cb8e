/**
 * An answer with very many groups is written as JSON in turns, a bounded piece in each, and not in one piece that would
 * hold the event loop and have to fit into one text.
 */
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { ownTurn } from '../kernel/turns.js';

/** A piece ends with the group that reaches this length, and takes about a millisecond to write. */
const CHARACTERS_A_TURN = 65_536;

/** So few groups take a few milliseconds, and an answer in one piece has a tag by which it is known again. */
const GROUPS_AT_ONCE = 50;

interface Grouped {
  readonly groups?: readonly object[];
}

/** @param answer has its groups as the last member */
export function jsonInTurns<Answer extends Grouped>(answer: Answer, reply: FastifyReply): Answer | Readable {
  if (!answer.groups || answer.groups.length <= GROUPS_AT_ONCE) return answer;
  void reply.type('application/json; charset=utf-8');
  return Readable.from(piecesOf(answer));
}

async function* piecesOf({ groups = [], ...rest }: Grouped): AsyncGenerator<string> {
  let piece = `${JSON.stringify(rest).slice(0, -1)},"groups":[`;
  for (const [index, group] of groups.entries()) {
    piece += index === 0 ? JSON.stringify(group) : `,${JSON.stringify(group)}`;
    if (piece.length < CHARACTERS_A_TURN) continue;
    yield piece;
    piece = '';
    await ownTurn();
  }
  yield `${piece}]}`;
}
