"""What operators open, on their own host alone."""

from django.urls import include, path

from operators.views import areas, signing_in

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"

pages = [
    path("", areas.areas, name="areas"),
    path("areas/<slug:key>/", areas.area, name="area"),
    path("areas/<slug:key>/change/", areas.change, name="change"),
    path("accounts/", areas.accounts, name="accounts"),
    path("log/", areas.log, name="log"),
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("language/", signing_in.language, name="language"),
]
urlpatterns = [path("", include((pages, "operators")))]
