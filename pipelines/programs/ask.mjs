/** Prints what is answered there. */
export async function ask(url) {
  console.log(await (await fetch(url)).text());
}
