// The schema as TypeScript types. What an author may leave to YAML anchors (`x-`) is not in them, and where the schema says
// "exactly one of these keys" (a chain of if/then/else whose branches have titles), each branch becomes a type of its own.
import { compile } from 'json-schema-to-typescript';

const banner = '// Made from schemas/pipeline.schema.json by `npm run generate`: change the schema, not this file.\n';

export async function types(schema) {
  const definitions = {};
  for (const [name, definition] of Object.entries(schema.definitions)) {
    const { named, schema: typed } = forTypes(definition);
    Object.assign(definitions, named);
    definitions[name] = typed;
  }
  const root = { ...forTypes({ ...schema, definitions: undefined }).schema, definitions };
  delete root.$id;
  return compile(root, 'PipelineFile', {
    bannerComment: banner,
    additionalProperties: false,
    unreachableDefinitions: false,
    style: { singleQuote: true, printWidth: 120 },
  });
}

/** A schema without what types cannot say, and the schemas of its variants by name. */
function forTypes(schema) {
  const { if: _if, then: _then, else: _else, dependencies: _dependencies, ...all } = schema;
  const rest = isEmptyable(all) ? { ...all, type: 'object' } : all;
  const branches = variants(schema);
  const flat = plain(rest);
  if (branches.length === 0) return { schema: flat, named: {} };

  const named = {};
  for (const branch of branches) named[branch.title] = variant(flat, branch);
  const { type, properties: _properties, additionalProperties: _additional, ...shared } = flat;
  const others = [type].flat().filter((one) => one !== 'object');
  return {
    named,
    schema: {
      ...(flat.description === undefined ? {} : { description: flat.description }),
      anyOf: [
        ...others.map((one) => (one === 'array' ? { type: one, items: shared.items } : { type: one })),
        ...branches.map((branch) => ({ $ref: `#/definitions/${encodeURIComponent(branch.title)}` })),
      ],
    },
  };
}

/** What may be declared by its name alone: the reader of the document has made an empty map of that. */
function isEmptyable({ type }) {
  return Array.isArray(type) && type.length === 2 && type[0] === 'object' && type[1] === 'null';
}

/** The branches of a chain "if this key, then not those keys, else …"; none where the chain has no titles. */
function variants(schema) {
  const branches = [];
  for (let link = schema; link?.if !== undefined || link?.title !== undefined; ) {
    if (link.if === undefined) {
      branches.push({ title: link.title, required: link.required, excluded: refused(link) });
      break;
    }
    if (link.if.required === undefined) link = link.then;
    else {
      if (link.then.title === undefined) return [];
      branches.push({ title: link.then.title, required: link.if.required, excluded: refused(link.then) });
      link = link.else;
    }
  }
  return branches.length > 1 ? branches : [];
}

function refused(branch) {
  return Object.keys(branch.properties ?? {}).filter((key) => branch.properties[key] === false);
}

function variant(flat, { title, required, excluded }) {
  const properties = Object.fromEntries(Object.entries(flat.properties).filter(([key]) => !excluded.includes(key)));
  return { title, type: 'object', additionalProperties: false, required, properties };
}

/** Without the words that are for editors, validators and anchors only, all the way down. */
function plain(schema) {
  if (typeof schema !== 'object' || schema === null) return schema;
  // What stands beside a `$ref` would make a second type of what it refers to.
  if (schema.$ref !== undefined && schema.description !== undefined) {
    return { description: schema.description, allOf: [{ $ref: schema.$ref }] };
  }
  const kept = {};
  for (const [key, value] of Object.entries(schema)) {
    if (['patternProperties', 'propertyNames', 'examples', 'errorMessage', 'minItems', 'maxItems'].includes(key))
      continue;
    if (key === 'properties') {
      kept.properties = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
    } else if (key === 'default') {
      kept.default = value;
    } else {
      kept[key] = Array.isArray(value) ? value : plain(value);
    }
  }
  return kept;
}
