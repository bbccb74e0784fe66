import type { components } from '../../openapi/types.ts';
import type { Problem } from '../errors.ts';

export type Operation = components['schemas']['Operation'];
export type OperationKindName = components['schemas']['OperationKind'];

/** What a running operation is given. */
export interface OperationContext {
  id: string;
  subject: string;
  /** Who asked for it. */
  requestedBy: string;
  /** Aborts when the operation is cancelled, its lock is lost, or greenroom shuts down. */
  signal: AbortSignal;
  /**
   * Runs one step and records its outcome. After a restart a step that was done is not repeated but its recorded
   * output returned; one that was under way runs again, so it must be safe to repeat.
   */
  step<T>(name: string, work: () => Promise<T>, limit?: StepLimit): Promise<T>;
  /**
   * Does what of all operations only one may do at a time, beside what the subject's own lock sees to; what waits says so
   * by `onWait`. `signal` aborts where that lock is lost, too.
   */
  alone<T>(what: string, onWait: () => void, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Replaces what GET and SSE show as progress; written at most a few times a second. */
  progress(message: string, done?: number, total?: number): void;
  /** Adds a line to the operation's log. Never a secret, never a value of production. */
  log(line: string): void;
}

/** Of a step that costs others so much that it must not be repeated without end. */
export interface StepLimit {
  /** How often it is begun again where the process ended in the middle of it, and could not say why. */
  resumptions: number;
  /** What the operation fails with after that. */
  problem(): Problem;
}

/** How one kind of operation is done and undone. `input` is as the request stored it: without secrets. */
export interface OperationKind<Input = never> {
  run(input: Input, context: OperationContext): Promise<Record<string, unknown>>;
  /**
   * Takes down everything that `run` may have made, after it failed or was cancelled, and records the failure on the
   * subject. Safe to repeat: greenroom may be killed in the middle.
   */
  undo(input: Input, context: UndoContext, error: UndoReason): Promise<void>;
}

/** What taking down is given: the names of the steps that were begun tell what there may be. */
export interface UndoContext extends Omit<OperationContext, 'step' | 'alone' | 'signal'> {
  begun: ReadonlySet<string>;
}

export type UndoReason = components['schemas']['Problem'];

export type OperationKinds = Record<OperationKindName, OperationKind<never>>;
