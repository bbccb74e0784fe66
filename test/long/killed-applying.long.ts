import { killAtEveryBoundary } from '../support/kills.ts';

killAtEveryBoundary(['migration.apply']);
