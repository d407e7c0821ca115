// The schema as a page for people: a section for every kind of map, a table row for every key, with what it takes, what it
// is where nothing is said, what it means, and an example.

/** The sections, in the order in which somebody learns them: the definition, its heading, its anchor. */
const sections = [
  { name: 'process', heading: 'processes' },
  { name: 'daemon', heading: 'daemons' },
  { name: 'queue', heading: 'queues' },
  { name: 'lock', heading: 'locks' },
  { name: 'join', heading: 'joins' },
  { name: 'pipe', heading: 'pipes' },
  { name: 'param', heading: 'params' },
  { name: 'defaults', heading: 'defaults' },
  { name: 'stdin', heading: 'stdin' },
  { name: 'output', heading: 'stdout and stderr' },
  { name: 'matrix', heading: 'matrix' },
  { name: 'retry', heading: 'retry' },
  { name: 'stop', heading: 'stop' },
  { name: 'ready', heading: 'ready' },
  { name: 'restart', heading: 'restart' },
  { name: 'from', heading: 'from' },
  { name: 'to', heading: 'to' },
];

/** Kinds of values that stand under many keys. */
const kinds = [
  { name: 'name', heading: 'names' },
  { name: 'reference', heading: 'references' },
  { name: 'duration', heading: 'durations' },
  { name: 'size', heading: 'sizes' },
  { name: 'count', heading: 'counts' },
  { name: 'condition', heading: 'conditions' },
];

export function reference(schema) {
  const page = new Page(schema);
  return [
    '# Every key of a pipeline file',
    '<!-- Made from schemas/pipeline.schema.json by `npm run generate`: change the schema, not this file. -->',
    `${schema.description} Keys that start with \`x-\` are ignored, so that YAML anchors have a place to live.`,
    page.table(schema.properties),
    ...sections.flatMap((section) => page.section(section)),
    '## Values',
    ...kinds.map((kind) => page.kind(kind)),
    '',
  ].join('\n\n');
}

class Page {
  #definitions;

  constructor(schema) {
    this.#definitions = schema.definitions;
  }

  section({ name, heading }) {
    const definition = this.#definitions[name];
    const properties = name === 'daemon' ? this.#ownKeys(name, 'process') : definition.properties;
    const rest = definition.additionalProperties;
    return [
      `## ${heading}`,
      definition.description,
      ...(definition.errorMessage === undefined ? [] : [sentence(definition.errorMessage)]),
      this.table(rest ? { ...properties, 'any other key': rest } : properties),
      `For example: ${definition.examples.map((value) => code(yaml(value))).join(' or ')}`,
    ];
  }

  kind({ name, heading }) {
    const { description, enum: values, enumDescriptions, examples } = this.#definitions[name];
    const choices = (values ?? []).map((value, index) => `- ${code(value)}: ${enumDescriptions[index]}`);
    const shown = `For example: ${examples.map((value) => code(yaml(value))).join(', ')}`;
    return [`### ${heading}`, description, ...(choices.length > 0 ? [choices.join('\n')] : []), shown].join('\n\n');
  }

  table(properties) {
    const rows = Object.entries(properties).map(([key, schema]) => this.#row(key, schema));
    return ['| key | takes | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
  }

  #row(key, schema) {
    const whole = this.#resolved(schema);
    const cells = [
      key.includes(' ') ? key : code(key),
      this.#takes(key, schema),
      whole.default === undefined ? '' : code(yaml(whole.default)),
      this.#meaning(key, whole),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  }

  #meaning(key, { description, enum: values, enumDescriptions, examples }) {
    const choices =
      enumDescriptions === undefined || description.includes('default for')
        ? []
        : values.map((value, index) => `${code(value)}: ${enumDescriptions[index]}`);
    const label = key.includes(' ') ? 'key' : key;
    const [example] = examples ?? [];
    const shown = example === undefined ? [] : [`For example ${code(`${label}: ${yaml(example)}`)}`];
    return [description, ...choices, ...shown].join('<br>');
  }

  /** What may stand there, with a link to where that is told. */
  #takes(key, schema) {
    const link = this.#link(key, schema);
    const { type, enum: values, items, additionalProperties } = this.#resolved(schema);
    if (link !== undefined) return link;
    if (values !== undefined) return values.map(code).join(' · ');
    return [type]
      .flat()
      .map((one) => {
        if (one === 'array' && items !== undefined) return `list of ${plural(this.#takes('', items))}`;
        if (one === 'object' && additionalProperties) return `map to ${this.#takes('', additionalProperties)}`;
        return typeNames[one];
      })
      .join(' or ');
  }

  #link(key, schema) {
    const target = schema.$ref?.split('/').at(-1);
    const whole = target === undefined ? {} : this.#definitions[target];
    if (['stdout', 'stderr'].includes(target)) return '[output](#stdout-and-stderr)';
    if (target === 'references') return '[name](#references) or list of names';
    if (target === 'json') return 'any value';
    const section = sections.find(({ name }) => name === target);
    if (section !== undefined)
      return `[${section.name === key ? shapes(whole) : section.name}](#${anchor(section.heading)})`;
    const kind = kinds.find(({ name }) => name === target);
    if (kind !== undefined) return `[${kind.name === 'reference' ? 'name' : kind.name}](#${kind.heading})`;
    return whole.$ref === undefined ? undefined : this.#link(key, whole);
  }

  #resolved(schema) {
    if (schema.$ref === undefined) return schema;
    const { $ref, ...beside } = schema;
    return { ...this.#resolved(this.#definitions[$ref.split('/').at(-1)]), ...beside };
  }

  #ownKeys(name, other) {
    const known = this.#definitions[other].properties;
    return Object.fromEntries(
      Object.entries(this.#definitions[name].properties).filter(([key]) => !(key in known) || key === 'ready'),
    );
  }
}

const typeNames = {
  string: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: '`true` · `false`',
  array: 'list',
  object: 'map',
  null: '`null`',
};

function shapes({ type }) {
  return [type]
    .flat()
    .map((one) => typeNames[one])
    .join(' or ');
}

function plural(noun) {
  const names = { text: 'texts', map: 'maps', 'whole number': 'whole numbers', 'any value': 'values' };
  return names[noun] ?? noun.replace(/^\[(\w+)\]/, '[$1s]');
}

function anchor(heading) {
  return heading.replaceAll(' ', '-');
}

function sentence(words) {
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}

function code(text) {
  return String(text).includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** A value as one line of YAML. */
function yaml(value) {
  if (Array.isArray(value)) return `[${value.map(yaml).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, one]) => `${key}: ${yaml(one)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  if (typeof value !== 'string') return String(value);
  return /^[\p{L}\p{N}./][^:#{}[\],&*"'|]*$/u.test(value) && !/^(true|false|null|[\d.]+)$/.test(value)
    ? value
    : JSON.stringify(value);
}
