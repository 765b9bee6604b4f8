-- How many?
SELECT count(*) AS many FROM toy_gold.things
