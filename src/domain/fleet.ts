/** The fleet as the rest of Kiln sees it: what `config/fleet.yaml` says after it was checked and its paths were resolved. */
import type { NamedEnvironment } from './environment.ts';
import type { HostId } from './ids.ts';

/** How the server proves who it is. Exactly one kind; `none` refuses every server and says which line would pin its key. */
export type HostKeyPin =
  | { readonly kind: 'fingerprint'; readonly sha256: string }
  | { readonly kind: 'key'; readonly type: string; readonly base64: string }
  | { readonly kind: 'known-hosts'; readonly path: string }
  | { readonly kind: 'none' };

/**
 * How we prove who we are: a private key file, or the socket of an ssh-agent. Paths are absolute. `identity`: the public key file of the one key
 * of the agent that is offered; null: all are. An empty `socket`: SSH_AUTH_SOCK was meant and is not set.
 */
export type SshCredential =
  | { readonly kind: 'key'; readonly path: string }
  | { readonly kind: 'agent'; readonly socket: string; readonly identity: string | null };

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly credential: SshCredential;
  readonly hostKey: HostKeyPin;
  /** Reach `host` through this one. */
  readonly jump: SshTarget | null;
}

export type HostTransport =
  | { readonly kind: 'ssh'; readonly target: SshTarget }
  | { readonly kind: 'local' }
  /** argv prefix of a program that runs the rest of its arguments on the host with stdin and stdout attached. */
  | {
      readonly kind: 'command';
      readonly argv: readonly string[];
      /** Parts of it that are not shown. */
      readonly secrets?: readonly string[];
    };

/** Which GPUs of the host take work: all, none, or those named by UUID or by index in the runner's inventory. */
export type GpuSelection =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | { readonly kind: 'listed'; readonly gpus: readonly (string | number)[] };

export interface HostConfig {
  readonly name: HostId;
  readonly transport: HostTransport;
  readonly labels: readonly string[];
  readonly gpus: GpuSelection;
  /** Whether GPUs whose kernels reach the memory of the host's processes take work; missing: they do not. */
  readonly allowHostMemoryAccess?: boolean;
  /** Whether the development device is offered too. */
  readonly cpu: boolean;
  /** Compilations at once; null: as the runner says. */
  readonly compileSlots: number | null;
  /** Compile also where the host lets the runner confine no compiler. */
  readonly compileUnconfined?: true;
  /** A program and its arguments that the daemon runs on its own machine when a device of the host changes its state. */
  readonly onStateChange?: readonly string[];
  /** For programs; missing: the runner searches for one. */
  readonly environments?: readonly NamedEnvironment[];
  /** Folder on the host for the runner, its socket and its spool; null: the transport's default. */
  readonly runnerDir: string | null;
}

export interface Fleet {
  readonly hosts: readonly HostConfig[];
  /** Where that was read, the first first; missing: nowhere. */
  readonly files?: readonly string[];
}
