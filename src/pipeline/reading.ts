// What every reader of a part of the file works with: the document, the findings, and expressions parsed and looked over
// at the place they stand at.
import type { Document, Path } from './document.ts';
import type { Expression, ExpressionProblem } from './expression.ts';
import { Findings } from './finding.ts';
import { type Complain, conditionOf, expressionsIn, type Formula, formulaOf } from './formula.ts';
import type { Json } from './json.ts';
import { type Known, misuses } from './known.ts';
import { spanInText } from './locate.ts';

export class Reading {
  readonly document: Document;
  readonly findings: Findings;
  /** What some expression uses of a context, in lower case; `*` where all may be meant. */
  readonly used = { params: new Set<string>(), env: new Set<string>() };

  constructor(document: Document) {
    this.document = document;
    this.findings = new Findings(document);
  }

  readonly complain: Complain = (path: Path, text: string, problem: ExpressionProblem): void => {
    const span = spanInText(this.document, path, text, problem.offset, problem.length);
    this.findings.error('bad-expression', span, problem.message, { hint: problem.hint });
  };

  formula(path: Path, value: Json, known: Known): Formula {
    return this.#check(formulaOf(path, value, this.complain), known);
  }

  condition(path: Path, text: string, known: Known): Formula {
    return this.#check(conditionOf(path, text, this.complain), known);
  }

  /** What is used is not `unused`, whatever else is wrong with it. */
  noteUses(expression: Expression | ExpressionProblem): void {
    if ('message' in expression) return;
    for (const use of expression.uses) {
      const [context, member] = use.steps.map(({ name }) => name.toLowerCase());
      if (context === 'params' || context === 'env') this.used[context].add(member ?? '*');
    }
  }

  #check(formula: Formula, known: Known): Formula {
    for (const { path, text, expression } of expressionsIn(formula)) {
      this.noteUses(expression);
      for (const { misuse, step } of misuses(expression, known)) {
        const span = spanInText(this.document, path, text, expression.offset + step.offset, step.length);
        const hint = (misuse.among && this.findings.didYouMean(step.name, misuse.among.values())) ?? misuse.hint;
        this.findings.error(misuse.code, span, misuse.message, { hint, missing: misuse.missing });
      }
    }
    return formula;
  }
}
