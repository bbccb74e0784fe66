import { killAtEveryBoundary } from '../support/kills.ts';

killAtEveryBoundary(['stack.deploy']);
