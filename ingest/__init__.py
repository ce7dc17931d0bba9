"""Taking in what the departments deliver: plain Python that knows no Airflow and no warehouse."""
