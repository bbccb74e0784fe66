import { killAtEveryBoundary } from '../support/kills.ts';

killAtEveryBoundary(['backup.take', 'backup.drill', 'migration.rollback']);
