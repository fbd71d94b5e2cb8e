/**
 * An answer with very many groups is written as JSON in turns, a few groups in each, and not in one piece that would
 * hold the event loop and have to fit into one text.
 */
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { ownTurn } from '../kernel/turns.js';

/** So many groups are written in one turn, in some milliseconds. */
const GROUPS_A_TURN = 100;

interface Grouped {
  readonly groups?: readonly object[];
}

/** @param answer has its groups as the last member */
export function jsonInTurns<Answer extends Grouped>(answer: Answer, reply: FastifyReply): Answer | Readable {
  if (!answer.groups || answer.groups.length <= GROUPS_A_TURN) return answer;
  void reply.type('application/json; charset=utf-8');
  return Readable.from(piecesOf(answer));
}

async function* piecesOf({ groups = [], ...rest }: Grouped): AsyncGenerator<string> {
  yield `${JSON.stringify(rest).slice(0, -1)},"groups":[`;
  for (let first = 0; first < groups.length; first += GROUPS_A_TURN) {
    await ownTurn();
    const text = JSON.stringify(groups.slice(first, first + GROUPS_A_TURN)).slice(1, -1);
    yield first === 0 ? text : `,${text}`;
  }
  yield ']}';
}
