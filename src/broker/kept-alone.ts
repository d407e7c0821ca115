// Items look into the memory that they came in, with all else that came in the same read: who keeps few of them for long would keep all that.
import { AsideItems } from '../wire/aside.ts';
import type { Items } from '../wire/items.ts';

/** The same items, as they are to be kept: a copy where the memory that they look into is many times as large. */
export function keptAlone(items: Items): Items {
  if (items instanceof AsideItems) return items;
  if (items.bytes.length * MOST_KEPT >= items.bytes.buffer.byteLength) return items;
  const bytes = Buffer.allocUnsafeSlow(items.bytes.length);
  items.bytes.copy(bytes);
  return { ...items, bytes };
}

/** So many times as much memory as the items have bytes may be kept for their sake. */
const MOST_KEPT = 4;
