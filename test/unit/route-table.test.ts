import { expect, test } from '@jest/globals';
import { fastify } from 'fastify';
import { refuseUndeclared } from '../../src/http/route-table.js';

const answer = () => Promise.resolve('anything');

test('a route of which nobody said who may take it cannot be registered', () => {
  const server = fastify();
  refuseUndeclared(server);
  expect(() => server.get('/v1/forgotten', answer)).toThrow(
    'GET /v1/forgotten says nothing of who may call it',
  );
  const access = { id: 'readSomething', may: { auditor: true }, logged: false, answers: [] } as const;
  expect(() => server.get('/v1/declared', { config: { access } }, answer)).not.toThrow();
});
