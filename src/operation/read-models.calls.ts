/** The descriptions of the operator's calls about the read models. */
import type { CallSpec } from '../api/call-spec.js';
import { ProjectionsView } from './read-models.views.js';

export const state = {
  tag: 'Operation',
  id: 'readProjections',
  may: { auditor: true },
  summary: 'Read how far the read models are',
  answers: { 200: { says: 'Their state, and that of a rebuild.', view: ProjectionsView } },
} satisfies CallSpec<ProjectionsView>;

export const rebuild = {
  tag: 'Operation',
  id: 'rebuildProjections',
  may: {},
  summary: 'Build the read models anew',
  description:
    'Beside those in use, which go on serving until the new ones take their place. While a rebuild runs, this ' +
    'only tells of it.',
  answers: {
    202: {
      says: 'It runs: read the state for its progress.',
      view: ProjectionsView,
      example: {
        projection: { status: 'live' },
        sequence: 50_000,
        skipped: 0,
        rebuild: { sequence: -1, target: 50_000 },
        rebuildFailure: null,
        selfCheck: { ok: true, sequence: 50_000 },
      },
    },
  },
} satisfies CallSpec<ProjectionsView>;
