import tseslint from 'typescript-eslint';

/**
 * A switch over a union of ours has no `default` but one that calls `unreachable`: with another, a new member of the union
 * would be taken for one of those that nothing is done about, and no compiler would ask what it means.
 */
const noSilentDefault = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { silent: 'name the members of the union, and let the default call unreachable(…)' },
  },
  create(context) {
    const { esTreeNodeToTSNodeMap, program } = context.sourceCode.parserServices;
    const checker = program.getTypeChecker();
    const isUnionOfTexts = (node) => {
      const type = checker.getTypeAtLocation(esTreeNodeToTSNodeMap.get(node));
      return type.isUnion() && type.types.every((member) => member.isStringLiteral());
    };
    const callsUnreachable = ({ consequent }) =>
      consequent.some((statement) => /\bunreachable\(/.test(context.sourceCode.getText(statement)));
    return {
      'SwitchCase[test=null]'(node) {
        if (callsUnreachable(node) || !isUnionOfTexts(node.parent.discriminant)) return;
        context.report({ node, messageId: 'silent' });
      },
    };
  },
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'data/'] },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { ledger: { rules: { 'no-silent-default': noSilentDefault } } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'ledger/no-silent-default': 'error',
      // Frameworks and ports ask for promises that an implementation may have at once.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'off', // an injected class must be a value import
      'max-lines': ['error', { max: 400, skipComments: true, skipBlankLines: true }],
      'no-console': 'error',
    },
  },
);
