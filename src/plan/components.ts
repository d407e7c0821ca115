// The strongly connected components of a graph whose nodes are numbers from 0: which nodes can reach each other. Tarjan's
// algorithm, without recursion, so that a chain of a hundred thousand nodes is no deeper than one of ten.

/** The components, each after all those it has edges to. */
export function componentsOf(edges: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const components: number[][] = [];
  const index = new Int32Array(edges.length).fill(-1);
  const low = new Int32Array(edges.length);
  const next = new Int32Array(edges.length);
  const open = new Uint8Array(edges.length);
  const stack: number[] = [];
  const path: number[] = [];
  let visited = 0;

  const enter = (node: number): void => {
    index[node] = low[node] = visited++;
    open[node] = 1;
    stack.push(node);
    path.push(node);
  };

  for (let root = 0; root < edges.length; root++) {
    if (index[root] !== -1) continue;
    enter(root);
    while (path.length > 0) {
      const node = path.at(-1) as number;
      const target = edges[node]?.[next[node] as number];
      if (target !== undefined) {
        next[node] = (next[node] as number) + 1;
        if (index[target] === -1) enter(target);
        else if (open[target]) low[node] = Math.min(low[node] as number, index[target] as number);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number);
      if (low[node] !== index[node]) continue;
      const component = stack.splice(stack.lastIndexOf(node));
      for (const member of component) open[member] = 0;
      components.push(component);
    }
  }
  return components;
}
