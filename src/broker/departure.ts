// How sessions leave and instances end, as channels are told.

/**
 * How a session leaves. After `goodbye` its instance keeps what it held; of a session that is `lost` the instance keeps all
 * it was given, until it is settled; what a session that `died` was given comes back.
 */
export type Departure = 'goodbye' | 'lost' | 'died';

/** How an instance ended. */
export interface End {
  readonly held: 'done' | 'back';
  /** In words, where it was no success. */
  readonly how: string;
}
