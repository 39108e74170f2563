-- The latest tax credit grade and its year (S32); grades of a year appear in the April after it.
-- Grain: one row per uscc with a grade.
SELECT
    uscc,
    arg_max(grade, year) AS tax_grade,
    CAST(max(year) AS INTEGER) AS tax_grade_year
FROM feed.tax__credit_grades
WHERE grade IS NOT NULL
GROUP BY uscc
