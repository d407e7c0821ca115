// Text that a program printed → text that is safe on a screen: what would move the cursor, change the title or turn the
// reading direction is shown as a sign or taken out. The logs keep every byte.

/** Colours and the like carry no text of their own. */
const style = /\u001b\[[\d;:]*m/g;
/** Control characters but for the tab, and those that turn the direction of reading or end a line in disguise. */
const control = /[\0-\u0008\n-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function visible(text: string): string {
  if (text.search(control) === -1) return text;
  return text.replace(style, '').replace(control, sign);
}

function sign(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '␡';
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

/** How many columns of a terminal it takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += /\p{Mark}/u.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return columns;
}

const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
