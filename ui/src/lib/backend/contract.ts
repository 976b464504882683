import type { Reads, Writes } from './types';

/** An answer of the engine that is no result: code for machines, message and hint for people. */
export class BackendError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint: string = '',
  ) {
    super(message);
    this.name = 'BackendError';
  }

  static from(cause: unknown): BackendError {
    if (cause instanceof BackendError) return cause;
    if (typeof cause === 'object' && cause !== null && 'message' in cause) {
      const { code, message, hint } = cause as { code?: unknown; message: unknown; hint?: unknown };
      return new BackendError(
        typeof code === 'string' ? code : 'internal',
        String(message),
        typeof hint === 'string' ? hint : '',
      );
    }
    return new BackendError('internal', String(cause));
  }
}

/** Arguments as callers write them: what may be null may be left out. */
export type Loose<T> = { [K in keyof T as null extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as null extends T[K] ? K : never]?: T[K];
};

export type ReadName = keyof Reads;
export type WriteName = keyof Writes;
export type ReadArgs<K extends ReadName> = Loose<Reads[K]['args']>;
export type ReadResult<K extends ReadName> = Reads[K]['result'];
export type WriteArgs<K extends WriteName> = Loose<Writes[K]['args']>;
export type WriteResult<K extends WriteName> = Writes[K]['result'];

/** What the shell says by itself. */
export type Message =
  /** Views on these topics are stale. */
  | { type: 'changes'; topics: string[] }
  /** Go to this address, e.g. `/approvals/dec_000001` (from a notification or the tray). */
  | { type: 'open'; path: string }
  /** Files are held over the window, or no longer. */
  | { type: 'hover'; over: boolean }
  /** Files were dropped on the window. */
  | { type: 'files'; paths: string[] };

export interface FileFilter {
  name: string;
  extensions: string[];
}

/** What the page needs from whatever it runs in. */
export interface Backend {
  read<K extends ReadName>(name: K, args: ReadArgs<K>): Promise<ReadResult<K>>;
  write<K extends WriteName>(name: K, args: WriteArgs<K>): Promise<WriteResult<K>>;
  /** Calls back with what the shell says, until the returned function is called. One listener per window. */
  watch(heard: (message: Message) => void): () => void;
  /** Paths only: the engine reads and writes the files. `null` when the person closed the dialog. */
  pickFile(title: string, filters: FileFilter[]): Promise<string | null>;
  pickFolder(title: string): Promise<string | null>;
  pickSave(title: string, suggested: string): Promise<string | null>;
  /** Shows a file in the file manager. */
  reveal(path: string): Promise<void>;
}
